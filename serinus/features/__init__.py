"""What is known of an entity (a plot, a patient) beforehand: stores of features, and the memory in front of them."""
