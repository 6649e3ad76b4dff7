"""A chat assistant's log from `init` to the report: its texts are compared, and not one word of them is kept."""

import json

import numpy as np
import pytest
from terminal import atalaia, strict_json

WORDS = ("how", "do", "I", "reset", "my", "passphrase", "please", "where", "is", "the", "order")
EMAIL = r"[^@\s]+@[^@\s]+"


def chats(path, n, seed, words=12, email=0.0, blank=0.0):
    random = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for number in range(n):
            prompt = " ".join(random.choice(WORDS, random.poisson(words) + 3))
            if random.random() < email:
                prompt += f" ana{number}@example.org"
            if random.random() < blank:
                prompt = random.choice(["", " \n"])
            row = {"prompt": str(prompt), "answer": f"{number} " + "so it is " * int(random.poisson(9) + 1)}
            file.write(json.dumps(row | {"language": str(random.choice(["en", "pt"]))}) + "\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three days of chats: a usual one, one of long prompts with addresses, and one in which many prompts are blank."""
    folder = tmp_path_factory.mktemp("chat")
    chats(folder / "reference.jsonl", 2000, 1)
    chats(folder / "logs/2026/03/02/12/log.jsonl", 700, 2)
    chats(folder / "logs/2026/03/03/12/log.jsonl", 700, 3, words=24, email=0.3)
    chats(folder / "logs/2026/03/04/12/log.jsonl", 700, 4, blank=0.07)
    done = atalaia("init", "reference.jsonl", "--logs", "logs", "--name", "chat", "-o", "inferred.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    text = (folder / "inferred.yaml").read_text()
    named = text.replace("kind: text,", f"kind: text, patterns: {{email: '{EMAIL}'}},")
    (folder / "monitor.yaml").write_text(named)
    return folder


def alerts(place):
    found = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)
    return [{(f["column"], f["metric"]) for f in w["findings"] if f["status"] == "alert"} for w in found["windows"]]


def test_init_takes_prompts_and_answers_for_free_text_and_says_why(place):
    text = (place / "inferred.yaml").read_text()

    assert text.count("kind: text") == 2
    assert text.count("guessed: free text, compared by length;") == 2
    assert atalaia("validate", "monitor.yaml", cwd=place).returncode == 0


def test_each_day_has_its_own_alerts(place):
    longer = {("prompt", "cramer_von_mises"), ("prompt", "pattern_share[email]")}

    assert alerts(place) == [set(), longer, {("prompt", "empty")}]


def test_the_terminal_speaks_of_lengths_and_names_the_pattern(place):
    said = " ".join(atalaia("check", "monitor.yaml", cwd=place).stdout.split())

    assert "mean of lengths 73.8 → 138.4; p < 1e-12" in said
    assert "pattern share: email" in said
    assert "'email' went from 0% to" in said


def test_nothing_that_is_written_holds_a_word_of_a_prompt(place):
    atalaia("check", "monitor.yaml", cwd=place)
    written = [path for path in (place / "atalaia-out").rglob("*") if path.is_file()]

    assert len(written) > 8
    assert not [path for path in written if b"passphrase" in path.read_bytes() or b"ana1" in path.read_bytes()]


def test_the_report_can_be_verified(place):
    atalaia("check", "monitor.yaml", cwd=place)
    done = atalaia("verify", "atalaia-out/chat/reports/20260303T000000Z/r1.json", cwd=place)

    assert done.returncode == 0, done.stdout + done.stderr


def test_two_files_are_compared_by_length(place):
    done = atalaia("compare", "reference.jsonl", "logs/2026/03/03", "--json", cwd=place)

    prompt = next(c for c in strict_json(done.stdout)["columns"] if c["column"] == "prompt")
    assert (prompt["kind"], prompt["finding"]["metric"], prompt["finding"]["status"]) == (
        "text", "cramer_von_mises", "alert",
    )  # fmt: skip


def test_a_pattern_that_cannot_run_is_a_fault_of_the_file(place):
    broken = (place / "monitor.yaml").read_text().replace(EMAIL, "(?=@)")
    (place / "broken.yaml").write_text(broken)

    done = atalaia("validate", "broken.yaml", cwd=place)
    assert done.returncode == 2
    assert "patterns.email: '(?=@)' is not a regular expression that can run" in done.stdout + done.stderr
