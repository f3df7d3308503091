"""Until when the evidence of archived documents is good"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'evidence_ends',
        sa.Column('document', sa.String(length=36), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('good_until', UtcDateTime, nullable=True),
        sa.Column('since', UtcDateTime, nullable=True),
        sa.Column('cause', sa.String(length=16), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('alarm_from', UtcDateTime, nullable=False),
        sa.Column('due', UtcDateTime, nullable=False),
        sa.Column('rules', sa.String(length=16), nullable=False),
        sa.Column('judged_at', UtcDateTime, nullable=False),
        sa.Column('tried_at', UtcDateTime, nullable=True),
        sa.Column('failure', sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(['document'], ['documents.id'], name=op.f('fk_evidence_ends_document_documents')),
        sa.PrimaryKeyConstraint('document', name=op.f('pk_evidence_ends')),
    )
    op.create_index('ix_evidence_ends_due', 'evidence_ends', ['due', 'document'])
    op.create_index('ix_evidence_ends_alarm', 'evidence_ends', ['alarm_from', 'document'])
    op.create_index('ix_evidence_ends_good_until', 'evidence_ends', ['good_until'])


def downgrade() -> None:
    op.drop_table('evidence_ends')
