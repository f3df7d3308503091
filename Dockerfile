# An Tín as one image, for one process or many: the locked packages, the four rooms, an account without rights.
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
    && install -d -o antin -m 0700 /var/lib/antin /var/lib/operator /var/lib/api-1 /var/lib/api-2 \
        /var/lib/worker-1 /var/lib/worker-2

USER antin
WORKDIR /etc/antin
EXPOSE 8460
CMD ["antin", "serve"]
