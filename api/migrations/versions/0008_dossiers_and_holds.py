"""Dossiers, their versions, files and entries; legal holds; objects and leaves that are a dossier's"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

PRESENT = 'removed_in IS NULL'


def upgrade() -> None:
    _dossiers()
    _entries()
    _holds()
    # In place: on SQLite a copy of the table could not replace it, because others refer to it.
    op.execute('ALTER TABLE leaves ADD COLUMN dossier VARCHAR(36) CONSTRAINT fk_leaves_dossier_dossiers REFERENCES dossiers (id)')
    op.create_index('ix_leaves_dossier', 'leaves', ['dossier'], unique=False, **_where('dossier IS NOT NULL'))
    with op.batch_alter_table('objects', schema=None) as batch_op:
        batch_op.alter_column('document', existing_type=sa.String(length=36), nullable=True)
        batch_op.add_column(sa.Column('dossier', sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column('file', sa.String(length=36), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_objects_dossier_dossiers'), 'dossiers', ['dossier'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_objects_file_dossier_files'), 'dossier_files', ['file'], ['id'])
    for column in ('dossier', 'file'):
        op.create_index(f'ix_objects_{column}', 'objects', [column], unique=False, **_where(f'{column} IS NOT NULL'))
    op.create_index('ix_objects_held', 'objects', ['key'], unique=False, sqlite_where=sa.text('hold = 1'), postgresql_where=sa.text('hold'))


def _where(condition: str) -> Any:
    return {'sqlite_where': sa.text(condition), 'postgresql_where': sa.text(condition)}


def _dossiers() -> None:
    op.create_table('dossiers',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('code', sa.String(length=100), nullable=False),
    sa.Column('catalog_year', sa.Integer(), nullable=False),
    sa.Column('notation', sa.String(length=20), nullable=False),
    sa.Column('heading', sa.String(length=200), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('creator', sa.String(length=30), nullable=False),
    sa.Column('rights', sa.String(length=30), nullable=False),
    sa.Column('language', sa.String(length=50), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('start_date', sa.Date(), nullable=False),
    sa.Column('planned_code', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.Column('listed', sa.Integer(), nullable=False),
    sa.Column('retention_code', sa.String(length=20), nullable=True),
    sa.Column('maintenance', sa.String(length=2), nullable=True),
    sa.Column('years', sa.Integer(), nullable=True),
    sa.Column('retention_name', sa.String(length=200), nullable=True),
    sa.Column('retention_basis', sa.String(length=300), nullable=True),
    sa.Column('work_ended', sa.Date(), nullable=True),
    sa.Column('opened_by', sa.String(length=200), nullable=False),
    sa.Column('opened_at', UtcDateTime, nullable=False),
    sa.Column('closed_at', UtcDateTime, nullable=True),
    sa.Column('updated_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_dossiers_agency_agencies')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossiers')),
    sa.UniqueConstraint('code', name=op.f('uq_dossiers_code'))
    )
    op.create_index('ix_dossiers_list', 'dossiers', ['agency', 'state', 'opened_at', 'id'], unique=False)
    op.create_table('dossier_versions',
    sa.Column('dossier', sa.String(length=36), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor', sa.String(length=200), nullable=False),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.Column('leaf', sa.String(length=32), nullable=False),
    sa.Column('record_sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['dossier'], ['dossiers.id'], name=op.f('fk_dossier_versions_dossier_dossiers')),
    sa.PrimaryKeyConstraint('dossier', 'ordinal', name=op.f('pk_dossier_versions'))
    )
    op.create_table('dossier_deposits',
    sa.Column('leaf', sa.String(length=32), nullable=False),
    sa.Column('dossier', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('files', sa.JSON(), nullable=False),
    sa.Column('record_key', sa.String(length=200), nullable=False),
    sa.Column('record', sa.LargeBinary(), nullable=False),
    sa.Column('content_salt', sa.LargeBinary(length=32), nullable=False),
    sa.Column('record_salt', sa.LargeBinary(length=32), nullable=False),
    sa.Column('predecessor', sa.String(length=32), nullable=True),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.Column('retain_until', UtcDateTime, nullable=False),
    sa.Column('planned_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['dossier'], ['dossiers.id'], name=op.f('fk_dossier_deposits_dossier_dossiers')),
    sa.PrimaryKeyConstraint('leaf', name=op.f('pk_dossier_deposits')),
    sa.UniqueConstraint('dossier', 'version', name=op.f('uq_dossier_deposits_dossier_version'))
    )


def _entries() -> None:
    op.create_table('dossier_files',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('dossier', sa.String(length=36), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('number_text', sa.String(length=64), nullable=False),
    sa.Column('document_date', sa.Date(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('author', sa.String(length=200), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('uploaded_by', sa.String(length=200), nullable=False),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['dossier'], ['dossiers.id'], name=op.f('fk_dossier_files_dossier_dossiers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_files')),
    sa.UniqueConstraint('dossier', 'sha256', name=op.f('uq_dossier_files_dossier_sha256'))
    )
    op.create_index(op.f('ix_dossier_files_sha256'), 'dossier_files', ['sha256'], unique=False)
    op.create_table('dossier_entries',
    sa.Column('dossier', sa.String(length=36), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=True),
    sa.Column('file', sa.String(length=36), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('filed_in', sa.Integer(), nullable=False),
    sa.Column('filed_by', sa.String(length=200), nullable=False),
    sa.Column('filed_at', UtcDateTime, nullable=False),
    sa.Column('removed_in', sa.Integer(), nullable=True),
    sa.Column('removed_reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_dossier_entries_document_documents')),
    sa.ForeignKeyConstraint(['dossier'], ['dossiers.id'], name=op.f('fk_dossier_entries_dossier_dossiers')),
    sa.ForeignKeyConstraint(['file'], ['dossier_files.id'], name=op.f('fk_dossier_entries_file_dossier_files')),
    sa.PrimaryKeyConstraint('dossier', 'ordinal', name=op.f('pk_dossier_entries'))
    )
    for column in ('document', 'file'):
        op.create_index(op.f(f'ix_dossier_entries_{column}'), 'dossier_entries', [column], unique=False)
        op.create_index(f'uq_dossier_entries_{column}', 'dossier_entries', ['dossier', column], unique=True, **_where(PRESENT))


def _holds() -> None:
    op.create_table('holds',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('dossier', sa.String(length=36), nullable=True),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('placed_by', sa.String(length=36), nullable=False),
    sa.Column('placed_by_display', sa.String(length=200), nullable=False),
    sa.Column('placed_at', UtcDateTime, nullable=False),
    sa.Column('asked_by', sa.String(length=36), nullable=True),
    sa.Column('asked_by_display', sa.String(length=200), nullable=False),
    sa.Column('asked_at', UtcDateTime, nullable=True),
    sa.Column('asked_reason', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.String(length=36), nullable=True),
    sa.Column('decided_by_display', sa.String(length=200), nullable=False),
    sa.Column('decided_at', UtcDateTime, nullable=True),
    sa.Column('released_at', UtcDateTime, nullable=True),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_holds_agency_agencies')),
    sa.ForeignKeyConstraint(['dossier'], ['dossiers.id'], name=op.f('fk_holds_dossier_dossiers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holds'))
    )
    op.create_index(op.f('ix_holds_dossier'), 'holds', ['dossier'], unique=False)
    op.create_index(op.f('ix_holds_state'), 'holds', ['state'], unique=False)
    op.create_table('hold_documents',
    sa.Column('hold', sa.String(length=36), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_hold_documents_document_documents')),
    sa.ForeignKeyConstraint(['hold'], ['holds.id'], name=op.f('fk_hold_documents_hold_holds')),
    sa.PrimaryKeyConstraint('hold', 'document', name=op.f('pk_hold_documents'))
    )
    op.create_index(op.f('ix_hold_documents_document'), 'hold_documents', ['document'], unique=False)


def downgrade() -> None:
    # What is a dossier's has no place in the older shape; the object store still has it.
    op.execute('DELETE FROM objects WHERE dossier IS NOT NULL')
    op.drop_index('ix_objects_held', 'objects')
    for column in ('dossier', 'file'):
        op.drop_index(f'ix_objects_{column}', 'objects')
    with op.batch_alter_table('objects', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_objects_file_dossier_files'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_objects_dossier_dossiers'), type_='foreignkey')
        batch_op.drop_column('file')
        batch_op.drop_column('dossier')
        batch_op.alter_column('document', existing_type=sa.String(length=36), nullable=False)
    # SQLite cannot drop a column that refers to another table: there it stays, empty of meaning.
    op.drop_index('ix_leaves_dossier', 'leaves')
    op.execute('UPDATE leaves SET dossier = NULL')
    if op.get_bind().dialect.name != 'sqlite':
        op.drop_column('leaves', 'dossier')
    for table in ('hold_documents', 'holds', 'dossier_entries'):
        op.drop_table(table)
    for table in ('dossier_files', 'dossier_deposits', 'dossier_versions'):
        op.drop_table(table)
    if op.get_bind().dialect.name != 'sqlite':
        op.drop_table('dossiers')
