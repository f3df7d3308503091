# The embedded service as one image: the locked packages, the four rooms, an account without rights.
FROM python:3.11-slim

WORKDIR /opt/antin
COPY requirements/ requirements/
RUN python -m pip install --quiet --require-hashes -r requirements/build.txt -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY policies/ policies/
COPY signer/ signer/
COPY archive/ archive/
COPY api/ api/
RUN python -m pip install --quiet --no-deps --no-build-isolation . \
    && useradd --uid 10001 --no-create-home antin \
    && install -d -o antin -m 0700 /var/lib/antin

USER antin
WORKDIR /etc/antin
EXPOSE 8460
CMD ["antin", "serve"]
