"""SQL of the service's own tables. Functions take the connection that `api.transactions` opened."""
