"""Tokens received and not yet committed"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('timestamp_tokens',
    sa.Column('imprint', sa.String(length=64), nullable=False),
    sa.Column('token', sa.LargeBinary(), nullable=False),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('imprint', name=op.f('pk_timestamp_tokens'))
    )
    with op.batch_alter_table('timestamp_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_timestamp_tokens_at'), ['at'], unique=False)


def downgrade() -> None:
    op.drop_table('timestamp_tokens')
