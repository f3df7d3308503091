"""Several processes over one database; whose archive it is"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('processes',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('host', sa.String(length=200), nullable=False),
    sa.Column('pid', sa.Integer(), nullable=False),
    sa.Column('beats', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.JSON(), nullable=False),
    sa.Column('started_at', UtcDateTime, nullable=False),
    sa.Column('beat_at', UtcDateTime, nullable=False),
    sa.Column('gone_at', UtcDateTime, nullable=True),
    sa.Column('ending', sa.String(length=16), nullable=False, server_default=''),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_processes'))
    )
    op.create_table('held',
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('owner', sa.String(length=64), nullable=False),
    sa.Column('token', sa.String(length=32), nullable=False),
    sa.Column('route', sa.String(length=300), nullable=False, server_default=''),
    sa.Column('body_hash', sa.String(length=64), nullable=False, server_default=''),
    sa.Column('priority', sa.Integer(), nullable=False, server_default='0'),
    sa.Column('since', sa.String(length=64), nullable=False, server_default=''),
    sa.Column('granted', sa.Integer(), nullable=False, server_default='1'),
    sa.PrimaryKeyConstraint('kind', 'name', name=op.f('pk_held'))
    )
    op.create_index(op.f('ix_held_owner'), 'held', ['owner'], unique=False)
    op.create_table('deployment',
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('log_key', sa.String(length=300), nullable=False),
    sa.Column('begun_at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('place', name=op.f('pk_deployment'))
    )


def downgrade() -> None:
    op.drop_table('deployment')
    op.drop_index(op.f('ix_held_owner'), table_name='held')
    op.drop_table('held')
    op.drop_table('processes')
