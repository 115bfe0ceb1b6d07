"""The pages: each module has ``register(app)``."""
