"""The server of the Model Context Protocol: a language model asks, searches and reads, and changes nothing."""
