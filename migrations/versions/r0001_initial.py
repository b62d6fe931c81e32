"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Microseconds since 1970, UTC.
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "model",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
        sa.UniqueConstraint("name", name=op.f("uq_model_name")),
    )
    op.create_table(
        "model_version",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_model_version_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_version")),
        sa.UniqueConstraint("model_id", "name", name=op.f("uq_model_version_model_id_name")),
    )
    op.create_table(
        "field",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('numeric', 'categorical', 'boolean')", name=op.f("ck_field_kind")),
        sa.CheckConstraint("role IN ('feature', 'prediction', 'score')", name=op.f("ck_field_role")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_field_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field")),
        sa.UniqueConstraint("model_id", "name", name=op.f("uq_field_model_id_name")),
    )
    op.create_table(
        "prediction_log",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("prediction", sa.Text(), nullable=True),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_prediction_log_model_id_model")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_prediction_log_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction_log")),
        sa.UniqueConstraint("model_id", "prediction_id", name=op.f("uq_prediction_log_model_id_prediction_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_prediction_log_model_id_id"), "prediction_log", ["model_id", "id"], unique=False)
    op.create_index(op.f("ix_prediction_log_model_id_ts"), "prediction_log", ["model_id", "ts"], unique=False)
    op.create_table(
        "label_log",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_label_log_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_log")),
        sa.UniqueConstraint("model_id", "prediction_id", "ts", name=op.f("uq_label_log_model_id_prediction_id_ts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_label_log_model_id_id"), "label_log", ["model_id", "id"], unique=False)
    op.create_table(
        "binning",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("predictions_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("labels_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_binning_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binning")),
        sa.UniqueConstraint("model_id", "content_hash", name=op.f("uq_binning_model_id_content_hash")),
    )
    op.create_table(
        "baseline",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("binning_id", ID, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("start", INSTANT, nullable=True),
        sa.Column("end", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint("n_rows > 0", name=op.f("ck_baseline_n_rows")),
        sa.ForeignKeyConstraint(["binning_id"], ["binning.id"], name=op.f("fk_baseline_binning_id_binning")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_baseline_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline")),
    )
    op.create_index(
        "uq_baseline_active",
        "baseline",
        ["model_id"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "baseline_profile",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("n_labelled", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("performance", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_profile_baseline_id_baseline")
        ),
        sa.PrimaryKeyConstraint("baseline_id", "segment", name=op.f("pk_baseline_profile")),
    )
    op.create_table(
        "profile",
        sa.Column("binning_id", ID, nullable=False),
        sa.Column("start", INSTANT, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("n_labelled", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("performance", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["binning_id"], ["binning.id"], name=op.f("fk_profile_binning_id_binning")),
        sa.ForeignKeyConstraint(["version_id"], ["model_version.id"], name=op.f("fk_profile_version_id_model_version")),
        sa.PrimaryKeyConstraint("binning_id", "start", "segment", "version_id", name=op.f("pk_profile")),
    )
    op.create_table(
        "monitor",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("planned_to", INSTANT, nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_monitor_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor")),
        sa.UniqueConstraint("model_id", "name", name=op.f("uq_monitor_model_id_name")),
    )
    op.create_table(
        "run",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("monitor_id", ID, nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("n_seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_since", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('planned', 'claimed', 'done')", name=op.f("ck_run_state")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_run_window")),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_run_monitor_id_monitor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("monitor_id", "window_end", name=op.f("uq_run_monitor_id_window_end")),
    )
    op.create_index(
        op.f("ix_run_state_monitor_id_window_end"), "run", ["state", "monitor_id", "window_end"], unique=False
    )
    op.create_table(
        "result",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("monitor_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("latest", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("window_start", INSTANT, nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("n_baseline", sa.BigInteger(), nullable=False),
        sa.Column("n_current", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("threshold_source", sa.Text(), nullable=True),
        sa.Column("p_value", sa.Float(), nullable=True),
        sa.Column("effect", sa.Float(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("severity_score", sa.Float(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Text(), nullable=True),
        sa.Column("computed_at", INSTANT, nullable=False),
        sa.CheckConstraint("kind IN ('drift', 'quality', 'performance', 'estimate')", name=op.f("ck_result_kind")),
        sa.CheckConstraint("severity IN ('none', 'low', 'high')", name=op.f("ck_result_severity")),
        sa.CheckConstraint(
            "status IN ('ok', 'warning', 'critical', 'insufficient', 'nodata', 'error')", name=op.f("ck_result_status")
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_result_model_id_model")),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_result_monitor_id_monitor")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_result_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result")),
        sa.UniqueConstraint(
            "run_id",
            "revision",
            "method",
            "field",
            "segment",
            name=op.f("uq_result_run_id_revision_method_field_segment"),
        ),
    )
    op.create_index(op.f("ix_result_model_id_window_end"), "result", ["model_id", "window_end"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("monitor_id", ID, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=True),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("result_id", ID, nullable=True),
        sa.CheckConstraint("state IN ('inactive', 'pending', 'firing', 'recovering')", name=op.f("ck_alert_state")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_alert_model_id_model")),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_alert_monitor_id_monitor")),
        sa.ForeignKeyConstraint(["result_id"], ["result.id"], name=op.f("fk_alert_result_id_result")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint(
            "monitor_id", "method", "field", "segment", name=op.f("uq_alert_monitor_id_method_field_segment")
        ),
    )
    op.create_index(op.f("ix_alert_model_id_state"), "alert", ["model_id", "state"], unique=False)
    op.create_table(
        "transition",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("from_state <> to_state", name=op.f("ck_transition_change")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_transition_alert_id_alert")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_transition_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transition")),
    )
    op.create_index(op.f("ix_transition_alert_id_at"), "transition", ["alert_id", "at"], unique=False)
    op.create_table(
        "channel",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_channel_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("model_id", "name", name=op.f("uq_channel_model_id_name")),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("ordering_key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_outbox_channel_id_channel")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_outbox_model_id_model")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_state_next_attempt_at"), "outbox", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["outbox.id"], name=op.f("fk_delivery_attempt_message_id_outbox")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
    )
    op.create_index(op.f("ix_delivery_attempt_message_id"), "delivery_attempt", ["message_id"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("models", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_key_prefix")),
    )
    op.create_table(
        "deploy",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_deploy_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deploy")),
        sa.UniqueConstraint("model_id", "version", "at", name=op.f("uq_deploy_model_id_version_at")),
    )
