"""Build contexts of images: what goes into them, written so that the same input makes the same bytes."""
