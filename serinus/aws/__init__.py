"""What the core needs of AWS. The only place that imports boto3: one small module per thing."""
