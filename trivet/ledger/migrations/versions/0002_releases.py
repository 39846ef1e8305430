"""inputs of decisions, file versions and releases, shapes."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('content') as content:
        content.add_column(sa.Column('input_id', sa.String(), nullable=True))
        content.create_index('content_input', ['input_id'])
    op.create_table(
        'decision_input',
        sa.Column('id', sa.String(), primary_key=True),
        sa.Column('tenant', sa.String(), nullable=False),
        sa.Column('subject_ref', sa.String()),
        sa.Column('payload_enc', sa.LargeBinary(), nullable=False),
        sa.Column('key_id', sa.String(), nullable=False),
        sa.Column('created_at', sa.String(), nullable=False),
    )
    op.create_index('decision_input_subject', 'decision_input', ['subject_ref'])
    op.create_table(
        'file_version',
        sa.Column('id', sa.String(), primary_key=True),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('content', sa.String(), nullable=False),
        sa.Column('stored_at', sa.String(), nullable=False),
    )
    op.create_table(
        'release_plan',
        sa.Column('id', sa.String(), primary_key=True),
        sa.Column('tenant', sa.String(), nullable=False),
        sa.Column('flow', sa.String(), nullable=False),
        sa.Column('base', sa.Integer(), nullable=False),
        sa.Column('versions', sa.String(), nullable=False),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('planned_at', sa.String(), nullable=False),
    )
    op.create_table(
        'release',
        sa.Column('tenant', sa.String(), primary_key=True),
        sa.Column('flow', sa.String(), primary_key=True),
        sa.Column('n', sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column('versions', sa.String(), nullable=False),
        sa.Column('plan_id', sa.String()),
        sa.Column('applied_at', sa.String(), nullable=False),
        sa.Column('applied_by', sa.String(), nullable=False),
        sa.Column('note', sa.String(), nullable=False),
    )
    op.create_table(
        'shape',
        sa.Column('tenant', sa.String(), primary_key=True),
        sa.Column('flow', sa.String(), primary_key=True),
        sa.Column('source', sa.String(), primary_key=True),
        sa.Column('path', sa.String(), primary_key=True),
        sa.Column('first_batch', sa.String(), nullable=False),
        sa.Column('last_batch', sa.String(), nullable=False),
        sa.Column('records', sa.BigInteger(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('noticed_batch', sa.String()),
        sa.Column('example', sa.String()),
        sa.CheckConstraint("state IN ('known', 'new', 'vanished')", name='shape_state'),
    )
