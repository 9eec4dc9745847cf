"""What people and programs touch: the endpoint, the page, the command line."""
