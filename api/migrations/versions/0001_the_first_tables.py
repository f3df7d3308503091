"""The first tables"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agencies',
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('symbol', sa.String(length=30), nullable=False),
    sa.Column('public_keys', sa.JSON(), nullable=False),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_agencies'))
    )
    op.create_table('checkpoint',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('root', sa.LargeBinary(length=32), nullable=False),
    sa.Column('note', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_checkpoint'))
    )
    op.create_table('documents',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('public_code', sa.String(length=26), nullable=False),
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('unit', sa.String(length=30), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=24), nullable=False),
    sa.Column('stopped_from', sa.String(length=24), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('urgency', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=True),
    sa.Column('number_text', sa.String(length=64), nullable=True),
    sa.Column('document_date', sa.Date(), nullable=True),
    sa.Column('uploader', sa.String(length=36), nullable=False),
    sa.Column('uploader_display', sa.String(length=200), nullable=False),
    sa.Column('recipients', sa.JSON(), nullable=False),
    sa.Column('metadata', sa.JSON(), nullable=False),
    sa.Column('boxes', sa.JSON(), nullable=False),
    sa.Column('current_sha256', sa.String(length=64), nullable=True),
    sa.Column('leader_token_time', UtcDateTime, nullable=True),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.Column('updated_at', UtcDateTime, nullable=False),
    sa.Column('archived_at', UtcDateTime, nullable=True),
    sa.Column('issued_at', UtcDateTime, nullable=True),
    sa.Column('recalled_at', UtcDateTime, nullable=True),
    sa.Column('replaced_by', sa.String(length=36), nullable=True),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_documents_agency_agencies')),
    sa.ForeignKeyConstraint(['replaced_by'], ['documents.id'], name=op.f('fk_documents_replaced_by_documents')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_documents')),
    sa.UniqueConstraint('public_code', name=op.f('uq_documents_public_code'))
    )
    with op.batch_alter_table('documents', schema=None) as batch_op:
        batch_op.create_index('ix_documents_desk', ['agency', 'state', sa.literal_column('urgency DESC'), 'created_at', 'id'], unique=False)

    op.create_table('number_series',
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('first_number', sa.Integer(), nullable=False),
    sa.Column('last_number', sa.Integer(), nullable=False),
    sa.Column('last_date', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_number_series_agency_agencies')),
    sa.PrimaryKeyConstraint('agency', 'kind', 'year', name=op.f('pk_number_series'))
    )
    op.create_table('register_journal',
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('ordinal', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('entry', sa.Text(), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_register_journal_agency_agencies')),
    sa.PrimaryKeyConstraint('agency', 'ordinal', name=op.f('pk_register_journal'))
    )
    with op.batch_alter_table('register_journal', schema=None) as batch_op:
        batch_op.create_index('ix_register_journal_number', ['agency', 'kind', 'year', 'number', 'ordinal'], unique=False)

    op.create_table('deposits',
    sa.Column('leaf', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Integer(), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('version_role', sa.String(length=24), nullable=False),
    sa.Column('content_sha256', sa.String(length=64), nullable=False),
    sa.Column('content_size', sa.BigInteger(), nullable=False),
    sa.Column('content_salt', sa.LargeBinary(length=32), nullable=False),
    sa.Column('record_key', sa.String(length=200), nullable=False),
    sa.Column('record', sa.LargeBinary(), nullable=False),
    sa.Column('record_salt', sa.LargeBinary(length=32), nullable=False),
    sa.Column('predecessor', sa.String(length=32), nullable=True),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.Column('retain_until', UtcDateTime, nullable=False),
    sa.Column('planned_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_deposits_document_documents')),
    sa.PrimaryKeyConstraint('leaf', name=op.f('pk_deposits'))
    )
    with op.batch_alter_table('deposits', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deposits_document'), ['document'], unique=False)

    op.create_table('document_signers',
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('account', sa.String(length=36), nullable=False),
    sa.Column('display', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('field', sa.String(length=100), nullable=False),
    sa.Column('signed_at', UtcDateTime, nullable=True),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_document_signers_document_documents')),
    sa.PrimaryKeyConstraint('document', 'ordinal', name=op.f('pk_document_signers'))
    )
    with op.batch_alter_table('document_signers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_signers_account'), ['account'], unique=False)

    op.create_table('document_versions',
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_document_versions_document_documents')),
    sa.PrimaryKeyConstraint('document', 'ordinal', name=op.f('pk_document_versions'))
    )
    with op.batch_alter_table('document_versions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_versions_sha256'), ['sha256'], unique=False)

    op.create_table('events',
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('actor', sa.String(length=200), nullable=False),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_events_document_documents')),
    sa.PrimaryKeyConstraint('document', 'ordinal', name=op.f('pk_events'))
    )
    op.create_table('leaves',
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Integer(), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=True),
    sa.Column('agency', sa.String(length=64), nullable=True),
    sa.Column('head_ordinal', sa.BigInteger(), nullable=True),
    sa.Column('content_sha256', sa.String(length=64), nullable=True),
    sa.Column('record_sha256', sa.String(length=64), nullable=True),
    sa.Column('content_salt', sa.LargeBinary(length=32), nullable=True),
    sa.Column('record_salt', sa.LargeBinary(length=32), nullable=True),
    sa.Column('predecessor', sa.String(length=32), nullable=True),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.Column('log_index', sa.BigInteger(), nullable=True),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_leaves_agency_agencies')),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_leaves_document_documents')),
    sa.ForeignKeyConstraint(['predecessor'], ['leaves.id'], name=op.f('fk_leaves_predecessor_leaves')),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_leaves')),
    sa.UniqueConstraint('id', name=op.f('uq_leaves_id')),
    sa.UniqueConstraint('log_index', name=op.f('uq_leaves_log_index'))
    )
    with op.batch_alter_table('leaves', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_leaves_document'), ['document'], unique=False)
        batch_op.create_index('ix_leaves_pending', ['position'], unique=False, sqlite_where=sa.text('log_index IS NULL'), postgresql_where=sa.text('log_index IS NULL'))

    op.create_table('numbers',
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('text', sa.String(length=64), nullable=False),
    sa.Column('document_date', sa.Date(), nullable=False),
    sa.Column('allotted_at', UtcDateTime, nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['agency', 'kind', 'year'], ['number_series.agency', 'number_series.kind', 'number_series.year'], name=op.f('fk_numbers_agency_kind_year_number_series')),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_numbers_document_documents')),
    sa.PrimaryKeyConstraint('agency', 'kind', 'year', 'number', name=op.f('pk_numbers')),
    sa.UniqueConstraint('document', name=op.f('uq_numbers_document'))
    )
    op.create_table('outgoing_register',
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('number_text', sa.String(length=64), nullable=False),
    sa.Column('document_date', sa.Date(), nullable=False),
    sa.Column('kind_name', sa.String(length=100), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('signer', sa.String(length=200), nullable=False),
    sa.Column('recipients', sa.JSON(), nullable=False),
    sa.Column('keeper', sa.String(length=200), nullable=False),
    sa.Column('copies', sa.Integer(), nullable=False),
    sa.Column('sent_on', sa.Date(), nullable=True),
    sa.Column('acknowledged', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('entered_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['agency'], ['agencies.code'], name=op.f('fk_outgoing_register_agency_agencies')),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_outgoing_register_document_documents')),
    sa.PrimaryKeyConstraint('document', name=op.f('pk_outgoing_register')),
    sa.UniqueConstraint('agency', 'year', 'position', name=op.f('uq_outgoing_register_agency_year_position'))
    )
    op.create_table('objects',
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=False),
    sa.Column('leaf', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('retain_until', UtcDateTime, nullable=False),
    sa.Column('read_back_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_objects_document_documents')),
    sa.ForeignKeyConstraint(['leaf'], ['leaves.id'], name=op.f('fk_objects_leaf_leaves')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_objects'))
    )
    with op.batch_alter_table('objects', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_objects_document'), ['document'], unique=False)
        batch_op.create_index(batch_op.f('ix_objects_leaf'), ['leaf'], unique=False)
        batch_op.create_index(batch_op.f('ix_objects_sha256'), ['sha256'], unique=False)

    op.create_table('accounts',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('display', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('password_hash', sa.String(length=300), nullable=False),
    sa.Column('key_name', sa.String(length=64), nullable=False),
    sa.Column('active', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts')),
    sa.UniqueConstraint('name', name=op.f('uq_accounts_name'))
    )
    op.create_table('audit',
    sa.Column('agency', sa.String(length=64), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('act', sa.String(length=64), nullable=False),
    sa.Column('phase', sa.String(length=16), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('previous_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('agency', 'sequence', name=op.f('pk_audit')),
    sa.UniqueConstraint('agency', 'hash', name=op.f('uq_audit_agency_hash'))
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_subject'), ['subject'], unique=False)

    op.create_table('idempotency',
    sa.Column('account', sa.String(length=36), nullable=False),
    sa.Column('key', sa.String(length=128), nullable=False),
    sa.Column('route', sa.String(length=300), nullable=False),
    sa.Column('body_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('headers', sa.JSON(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('account', 'key', name=op.f('pk_idempotency'))
    )
    op.create_table('operations',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('document', sa.String(length=36), nullable=True),
    sa.Column('account', sa.String(length=36), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('result', sa.JSON(), nullable=True),
    sa.Column('problem', sa.JSON(), nullable=True),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.Column('updated_at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_operations'))
    )
    with op.batch_alter_table('operations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_operations_document'), ['document'], unique=False)

    op.create_table('sign_in_failures',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('last_at', UtcDateTime, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_sign_in_failures'))
    )
    op.create_table('sessions',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('account', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('label', sa.String(length=100), nullable=False),
    sa.Column('created_at', UtcDateTime, nullable=False),
    sa.Column('expires_at', UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(['account'], ['accounts.id'], name=op.f('fk_sessions_account_accounts')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_sessions'))
    )
