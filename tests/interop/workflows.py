"""Checks workflows as far as a machine without GitHub can: they are YAML, each job has what it needs, each script is a script,
and each file of ours that a script names is there.

Usage: workflows.py FILE…
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml


def main() -> None:
    for name in sys.argv[1:]:
        workflow = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
        # YAML 1.1 reads `on` as a boolean.
        assert workflow.get("on", workflow.get(True)), f"{name}: nothing starts it"
        assert workflow["permissions"] == {"contents": "read"}, f"{name}: permissions are given job by job"
        steps = 0
        for title, job in workflow["jobs"].items():
            assert job["runs-on"] and set(job.get("needs", "").split()) <= workflow["jobs"].keys(), title
            for step in job["steps"]:
                steps += 1
                assert ("run" in step) != ("uses" in step), step
                if "uses" in step:
                    assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step["uses"]
                    continue
                script = step["run"]
                # What GitHub puts into a script before a shell sees it is a way in: variables are none.
                assert "${{" not in script, f"{name}: {title} fills in a script: {script}"
                subprocess.run(["bash", "-n"], input=script, text=True, check=True)
                for path in re.findall(r"\bpackaging/[\w./]+", script):
                    assert Path(path).exists(), f"{name}: {title} names {path}, which is not there"
        assert steps > 3, f"the control: {steps} steps"
        print(f"ok: {name}: {steps} steps")


main()
