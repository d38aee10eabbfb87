"""Alembic runs this file to run the steps. It uses the connection, and with it the transaction, of whoever opens."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
