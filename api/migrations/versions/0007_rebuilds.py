"""A catalogue made out of the object store; series that wait for a confirmation; what was looked for row by row"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import BigKey, UtcDateTime

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

HEADS = sa.text('head_ordinal IS NOT NULL')
OF_NO_DOCUMENT = sa.text('document IS NULL')
UNANSWERED = sa.text('status IS NULL')
OPEN = sa.text("state IN ('waiting', 'running')")


def upgrade() -> None:
    op.create_table('rebuilds',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('origin', sa.String(length=300), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('root', sa.LargeBinary(length=32), nullable=False),
    sa.Column('quick', sa.Boolean(), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=False),
    sa.Column('done_to', sa.String(length=200), nullable=False),
    sa.Column('started_at', UtcDateTime, nullable=False),
    sa.Column('finished_at', UtcDateTime, nullable=True),
    sa.Column('closed_through', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rebuilds'))
    )
    op.create_table('rebuild_findings',
    sa.Column('id', BigKey, autoincrement=True, nullable=False),
    sa.Column('finding', sa.String(length=40), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rebuild_findings'))
    )
    op.create_index(op.f('ix_rebuild_findings_place'), 'rebuild_findings', ['place'], unique=False)
    op.add_column('number_series', sa.Column('closed', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index('ix_leaves_head', 'leaves', ['agency', 'kind', 'head_ordinal'], unique=False,
        sqlite_where=HEADS, postgresql_where=HEADS)
    op.create_index('ix_operations_unfinished', 'operations', ['id'], unique=False,
        sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index('ix_operations_kind', 'operations', ['kind', 'created_at'], unique=False,
        sqlite_where=OF_NO_DOCUMENT, postgresql_where=OF_NO_DOCUMENT)
    op.create_index(op.f('ix_idempotency_at'), 'idempotency', ['at'], unique=False)
    op.create_index('ix_idempotency_unanswered', 'idempotency', ['key'], unique=False,
        sqlite_where=UNANSWERED, postgresql_where=UNANSWERED)


def downgrade() -> None:
    op.drop_index('ix_idempotency_unanswered', table_name='idempotency')
    op.drop_index(op.f('ix_idempotency_at'), table_name='idempotency')
    op.drop_index('ix_operations_kind', table_name='operations')
    op.drop_index('ix_operations_unfinished', table_name='operations')
    op.drop_index('ix_leaves_head', table_name='leaves')
    with op.batch_alter_table('number_series', schema=None) as batch_op:
        batch_op.drop_column('closed')
    op.drop_index(op.f('ix_rebuild_findings_place'), table_name='rebuild_findings')
    op.drop_table('rebuild_findings')
    op.drop_table('rebuilds')
