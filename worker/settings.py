"""Everything that the environment decides, read once into a frozen value and passed down.

Each field is read from `EARMARK_` and its name in capitals (`EARMARK_DATA_DIR`), or from a `.env` file beside the command. The
model hub's own `HF_TOKEN` is honoured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(env_prefix="EARMARK_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("earmark"), description="Ledger, downloads and artefacts.")
    output_dir: Path = Field(default=Path("transcripts"), description="Where transcripts are written unless -o says otherwise.")

    database_url: str | None = Field(
        default=None, description="Ledger in PostgreSQL (postgresql+psycopg://…) instead of SQLite in the data folder."
    )
    blobs: str | None = Field(
        default=None, description="Audio and artefacts in an object store (s3://bucket/prefix) instead of the data folder."
    )
    broker_url: str = Field(default="redis://127.0.0.1:6379/0", description="Redis, through which workers hear of work.")

    engine: Literal["auto", "whisper", "pocketsphinx", "scripted"] = Field(default="auto", description="Speech engine.")
    diarizer: Literal["auto", "pyannote", "resemblyzer", "none", "scripted"] = Field(
        default="auto", description="Who tells the speakers apart."
    )
    model: str | None = Field(default=None, description="Whisper model: a name, a folder, or a hub id.")
    pyannote_model: str | None = Field(default=None, description="pyannote pipeline: a folder or a hub id.")
    hf_token: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("EARMARK_HF_TOKEN", "HF_TOKEN"),
        description="Token for gated models on the hub.",
    )
    threads: int = Field(default=0, ge=0, description="CPU threads for speech engines; 0 is all.")
    workers: int = Field(
        default=0, ge=0, description="Batches of windows heard at once, sharing the threads; 0 fits the machine."
    )
    batch_size: int = Field(
        default=0, ge=0, description="Most windows of half a minute decoded together in a batch; 0 fits the machine."
    )
    generated_chapters: bool = Field(default=True, description="Chapters from the transcript where none were published.")
    voice_memory: bool = Field(
        default=True, description="Remember the voices of each show (biometric data); off: none is stored or compared."
    )
    part_seconds: float = Field(default=300.0, ge=5, le=3600, description="Target length of the parts of an episode.")

    lease_seconds: float = Field(
        default=60.0, ge=2, description="How long a step stays with a worker that gives no sign of life; then another takes it."
    )
    visibility_seconds: float = Field(
        default=3600.0,
        ge=1,
        description="After which Redis delivers an unacknowledged message again; that does no harm.",
    )
    drain_seconds: float = Field(
        default=45.0,
        ge=0,
        description="How long a worker that is told to stop goes on with what it began; then it gives it back.",
    )
    stall_seconds: float = Field(
        default=1800.0, ge=5, description="How long a step may show no progress before its process is killed."
    )
    steps_per_child: int = Field(
        default=200, ge=1, description="Steps after which a process that runs models is replaced by a new one."
    )
    idle_seconds: float = Field(
        default=900.0, ge=0, description="How long models stay loaded with nothing to do; then their process ends."
    )
    max_child_bytes: int = Field(
        default=0, ge=0, description="Memory that the process of a step may take before it is killed; 0 is 90 % of what there is."
    )
    sweep_seconds: float = Field(default=5.0, ge=0.1, description="How often a worker looks for what was left lying.")
    pulse_file: Path | None = Field(
        default=None, description="File that a worker or scheduler touches every few seconds while it is well, for health checks."
    )

    allow_private_networks: bool = Field(
        default=False, description="Allow addresses of private networks, for those who host their own feeds."
    )
    user_agent: str | None = Field(default=None, description="What to call ourselves to servers.")
    max_audio_bytes: int = Field(default=4 << 30, gt=0, description="Largest audio file to fetch.")
    max_new_episodes: int = Field(default=50, ge=1, description="New episodes of a watched feed that one poll asks for.")
    max_audio_hours: float = Field(default=24.0, gt=0, description="Longest audio to decode.")
    fetch_deadline: float = Field(default=3600.0, gt=0, description="Seconds after which a download is given up.")
    keep_decoded: bool = Field(default=False, description="Keep the decoded audio (115 MB an hour) after the transcript is done.")

    api_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names under which a proxy offers the API, as a JSON list; with any of them, every request needs a token.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="Address under which others reach the API, for links in feeds; else what a request was sent to.",
    )
    api_max_jobs: int = Field(default=500, ge=1, le=10_000, description="Most jobs that one request to the API may ask for.")

    @property
    def models_dir(self) -> Path:
        """Where models lie that were copied here by hand."""
        return self.data_dir / "models"

    @property
    def token(self) -> str | None:
        """The hub's token in the clear."""
        return self.hf_token.get_secret_value() if self.hf_token else None
