"""Real servers for tests, benchmarks and the cluster: started here, killed and started again on command. No pytest."""
