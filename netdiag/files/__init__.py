"""YAML and JSON files to and from the model, strictly."""
