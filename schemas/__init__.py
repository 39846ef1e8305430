"""JSON Schema of every canonical document and of every file in mappings/; data, read by `trivet.documents`."""
