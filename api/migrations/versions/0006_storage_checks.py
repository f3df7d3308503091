"""What the lock canary found of each store"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import BigKey, UtcDateTime

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('storage_checks',
    sa.Column('ordinal', BigKey, nullable=False),
    sa.Column('store', sa.String(length=300), nullable=False),
    sa.Column('process', sa.String(length=64), nullable=False),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.Column('conclusion', sa.String(length=16), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('ordinal', name=op.f('pk_storage_checks'))
    )
    with op.batch_alter_table('storage_checks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_storage_checks_store'), ['store'], unique=False)


def downgrade() -> None:
    op.drop_table('storage_checks')
