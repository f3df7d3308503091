"""What a revision changed, found by an allow-list: what no rule explains is suspicious."""
