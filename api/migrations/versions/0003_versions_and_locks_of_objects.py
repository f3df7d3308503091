"""Version, mode and hold of stored objects"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was archived before was locked in COMPLIANCE, in a store that has no versions.
    op.add_column('objects', sa.Column('version', sa.String(length=200), nullable=False, server_default=''))
    op.add_column('objects', sa.Column('mode', sa.String(length=12), nullable=False, server_default='COMPLIANCE'))
    op.add_column('objects', sa.Column('hold', sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table('objects', schema=None) as batch_op:
        batch_op.drop_column('hold')
        batch_op.drop_column('mode')
        batch_op.drop_column('version')
