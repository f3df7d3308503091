"""The configuration files of the deployment, with places for what differs."""

from __future__ import annotations

SECURITY = """\
# SeaweedFS. Without these keys the ports of its own kind delete locked objects without asking for a credential.
[jwt.signing]
key = "{volume}"
[jwt.signing.read]
key = "{volume_read}"
[jwt.filer_signing]
key = "{filer}"
[jwt.filer_signing.read]
key = "{filer_read}"
[access]
ui = false
[filer.expose_directory_metadata]
enabled = false
[grpc]
ca = "{ca}"
[grpc.volume]
cert = "{cert}"
key = "{key}"
[grpc.master]
cert = "{cert}"
key = "{key}"
[grpc.filer]
cert = "{cert}"
key = "{key}"
[grpc.s3]
cert = "{cert}"
key = "{key}"
[grpc.client]
cert = "{cert}"
key = "{key}"
"""

FILER = """\
# SeaweedFS keeps the names of its objects in a database of its own, on the same server as the catalogue.
[filer.options]
recursive_delete = false
[postgres2]
enabled = true
createTable = \"\"\"
  CREATE TABLE IF NOT EXISTS "%s" (
    dirhash   BIGINT,
    name      VARCHAR(65535),
    directory VARCHAR(65535),
    meta      bytea,
    PRIMARY KEY (dirhash, name)
  );
\"\"\"
hostname = "{host}"
port = {port}
username = "seaweedfs"
password = "{password}"
database = "seaweedfs"
schema = ""
sslmode = "verify-full"
sslrootcert = "{ca}"
connection_max_idle = 10
connection_max_open = 40
connection_max_lifetime_seconds = 60
"""

HBA = """\
# Over the network with TLS and a password only; the database's own administrator locally.
local   all  all                trust
hostssl all  all  0.0.0.0/0     scram-sha-256
hostssl all  all  ::/0          scram-sha-256
"""

INIT_SQL = """\
CREATE ROLE antin LOGIN PASSWORD '{antin}';
CREATE DATABASE antin OWNER antin;
CREATE ROLE seaweedfs LOGIN PASSWORD '{filers}';
CREATE DATABASE seaweedfs OWNER seaweedfs;
REVOKE CONNECT ON DATABASE antin, seaweedfs FROM PUBLIC;
"""

HAPROXY = """\
# Hands connections on, without looking into them: TLS ends in the processes themselves.
global
    maxconn 2000
defaults
    mode tcp
    timeout connect 3s
    timeout client 300s
    timeout server 300s
    timeout check 3s
    retries 3
    option redispatch 1
    default-server check check-ssl verify none inter 1s fall 2 rise 2 on-marked-down shutdown-sessions
frontend site
    bind {bind}:{site}
    default_backend api
frontend s3
    bind {bind}:{s3}
    default_backend gateways
backend api
    balance leastconn
{apis}
backend gateways
    balance leastconn
{gateways}
"""

ANTIN = """\
# Read by every process of An Tín; what differs between them is in their environment.
mode = "production"
public_url = "{public_url}"
database_url = "postgresql+psycopg://antin@{database}/antin?sslmode=verify-full&sslrootcert={config}/ca.pem&passfile={config}/secrets/pgpass"
tls_certificate = "{config}/site.pem"
tls_key = "{config}/site.key"
log_key = "{config}/log.key"
trust = "{config}/trust.json"    # empty yet: antin trust add, antin trust import
trust_key = "{trust_key}"
stamps = "{config}/stamps"
tsa_url = ""            # the address of the time-stamp authority
agency_code = ""        # mã định danh
agency_name = ""
agency_symbol = ""

[object_store]
endpoint = "https://{s3}"
bucket = "{bucket}"
canary_bucket = "{canary_bucket}"
work_bucket = "{work_bucket}"
access_key_file = "{config}/secrets/s3-access"
secret_key_file = "{config}/secrets/s3-key"
ca_file = "{config}/ca.pem"
weaker_access_key_file = "{config}/secrets/s3-stranger-access"
weaker_secret_key_file = "{config}/secrets/s3-stranger-key"
doors = {doors}

[seal_key]
pkcs12 = "{config}/seal.p12"
password_file = "{config}/seal.password"
"""
