"""`python -m signer.creation.batch`: a key process. Started by `process.KeyProcess` alone."""

from signer.creation.batch.worker import main

if __name__ == "__main__":
    main()
