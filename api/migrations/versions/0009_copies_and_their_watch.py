"""Copies of objects, and what the nights do for them: locks, fixity, events"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

LONG_AGO = sa.text("'1970-01-01 00:00:00+00:00'")


def standing() -> list[Any]:
    return [
        sa.Column('kept', sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column('lock_due', UtcDateTime(timezone=True), nullable=False, server_default=LONG_AGO),
        sa.Column('locked_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('hardened_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('fixity_rank', sa.Integer(), nullable=False, server_default='1'),
        sa.Column('fixity_due', UtcDateTime(timezone=True), nullable=False, server_default=LONG_AGO),
        sa.Column('fixity_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('fixity_state', sa.String(length=12), nullable=False, server_default=''),
        sa.Column('repaired_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('copied_at', UtcDateTime(timezone=True), nullable=True),
    ]


def standing_indexes(table: str, *first: str) -> None:
    for name, columns, where in (
        ('lock_due', ['lock_due', 'key'], 'kept IS true'),
        ('earliest', ['retain_until'], 'kept IS true'),
        ('let_end', ['key'], 'kept IS false'),
        ('fixity', ['fixity_rank', 'fixity_due', 'key'], None),
        ('damaged', ['key'], "fixity_state = 'damaged'"),
        ('uncopied', ['key'], 'copied_at IS NULL'),
        ('repaired', ['key'], 'repaired_at IS NOT NULL'),
    ):
        here = sa.text(where) if where else None
        sqlite = sa.text(where.replace('IS true', 'IS 1').replace('IS false', 'IS 0')) if where else None
        op.create_index(
            f'ix_{table}_{name}', table, [*first, *columns], postgresql_where=here, sqlite_where=sqlite
        )


def upgrade() -> None:
    for column in standing():
        op.add_column('objects', column)
    standing_indexes('objects')
    op.create_table(
        'object_copies',
        sa.Column('store', sa.String(length=16), nullable=False),
        sa.Column('key', sa.String(length=200), nullable=False),
        sa.Column('owner', sa.String(length=36), nullable=True),
        sa.Column('document', sa.String(length=36), nullable=True),
        sa.Column('role', sa.String(length=16), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('retain_until', UtcDateTime(timezone=True), nullable=False),
        sa.Column('read_back_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('version', sa.String(length=200), nullable=False),
        sa.Column('mode', sa.String(length=12), nullable=False),
        sa.Column('hold', sa.Boolean(), nullable=False),
        *standing(),
        sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_object_copies_document_documents')),
        sa.PrimaryKeyConstraint('store', 'key', name=op.f('pk_object_copies')),
    )
    op.create_index(op.f('ix_object_copies_owner'), 'object_copies', ['owner'])
    op.create_index(op.f('ix_object_copies_document'), 'object_copies', ['document'])
    op.create_index(
        'ix_object_copies_held',
        'object_copies',
        ['store', 'key'],
        postgresql_where=sa.text('hold IS true'),
        sqlite_where=sa.text('hold IS 1'),
    )
    standing_indexes('object_copies', 'store')
    op.create_table(
        'preservation_events',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('type', sa.String(length=40), nullable=False),
        sa.Column('at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('outcome', sa.String(length=8), nullable=False),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.Column('agent', sa.String(length=64), nullable=False),
        sa.Column('store', sa.String(length=16), nullable=False),
        sa.Column('key', sa.String(length=200), nullable=False),
        sa.Column('document', sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ['document'], ['documents.id'], name=op.f('fk_preservation_events_document_documents')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_preservation_events')),
    )
    op.create_index('ix_preservation_events_document', 'preservation_events', ['document', 'at'])
    op.create_index('ix_preservation_events_key', 'preservation_events', ['key', 'at'])
    op.create_index('ix_preservation_events_type', 'preservation_events', ['type', 'at'])
    op.create_table(
        'lock_runs',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('store', sa.String(length=16), nullable=False),
        sa.Column('started_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('good', sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ('examined', 'extended', 'hardened', 'withheld', 'shortened', 'failed')
        ),
        sa.Column('earliest_end', UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_lock_runs')),
    )
    op.create_index('ix_lock_runs_store', 'lock_runs', ['store', 'started_at'])
    op.create_table(
        'fixity_runs',
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('store', sa.String(length=16), nullable=False),
        sa.Column('started_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('seconds', sa.Float(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ('objects', 'size', 'damaged', 'unread', 'left_objects', 'left_size', 'all_objects', 'all_size')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_fixity_runs')),
    )
    op.create_index('ix_fixity_runs_store', 'fixity_runs', ['store', 'started_at'])
    op.create_table(
        'night_tasks',
        sa.Column('name', sa.String(length=16), nullable=False),
        sa.Column('night', sa.Date(), nullable=True),
        sa.Column('operation', sa.String(length=36), nullable=True),
        sa.Column('since', UtcDateTime(timezone=True), nullable=False),
        sa.Column('started_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('ended', sa.String(length=36), nullable=True),
        sa.Column('good', sa.Boolean(), nullable=False),
        sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('good_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('told', sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_night_tasks')),
    )


def downgrade() -> None:
    for table in ('night_tasks', 'fixity_runs', 'lock_runs', 'preservation_events', 'object_copies'):
        op.drop_table(table)
    for name in ('lock_due', 'earliest', 'let_end', 'fixity', 'damaged', 'uncopied', 'repaired'):
        op.drop_index(f'ix_objects_{name}', table_name='objects')
    with op.batch_alter_table('objects', schema=None) as batch_op:
        for column in standing():
            batch_op.drop_column(column.name)
