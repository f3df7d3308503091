"""What each witness of the log cosigned last, and when it was asked"""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.types import UtcDateTime

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('witnesses',
    sa.Column('witness', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('note', sa.LargeBinary(), nullable=False),
    sa.Column('cosigned_at', UtcDateTime, nullable=True),
    sa.Column('asked_at', UtcDateTime, nullable=True),
    sa.Column('failure', sa.String(length=24), nullable=False),
    sa.Column('disputed', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('witness', name=op.f('pk_witnesses'))
    )


def downgrade() -> None:
    op.drop_table('witnesses')
