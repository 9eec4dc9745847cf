"""From a question to a checked answer: retrieve, rerank, answer, verify, cite."""
