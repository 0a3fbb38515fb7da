"""Pure decoders: bytes, text and varbinds become the model's facts."""
