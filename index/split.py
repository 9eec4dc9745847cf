"""Split a document into passages of whole sentences, at exact offsets."""
