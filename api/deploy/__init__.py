"""The deployment over several processes, as data: what runs, with which command, files and addresses.

`docker-compose.yml` starts it in containers, `make cluster` starts the same processes without; `antin deploy prepare`
writes what both read: certificates, passwords and configuration, made new for each deployment.
"""
