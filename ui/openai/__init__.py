"""The endpoint for programs that speak OpenAI's dialect: a dossier is a model, an answer is a completion."""
