#!/usr/bin/env python3
"""Writes arguments.json: which arguments the resources that terraform/ uses have, according to the provider's own
schema, so that they can be checked where there is no terraform.

    terraform -chdir=terraform init -backend=false
    terraform -chdir=terraform providers schema -json >schema.json
    terraform -chdir=terraform version -json >version.json
    tests/terraform/arguments.py schema.json version.json
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULE = HERE.parents[1] / "terraform"
PROVIDER = "registry.terraform.io/hashicorp/aws"


def facts(block):
    attributes = block.get("attributes", {})
    blocks = block.get("block_types", {})
    return {
        "required": sorted(n for n, a in attributes.items() if a.get("required")),
        "optional": sorted(n for n, a in attributes.items() if a.get("optional")),
        "blocks": {n: {"min": b.get("min_items", 0), **facts(b["block"])} for n, b in sorted(blocks.items())},
    }


def main(schema_path, version_path):
    schema = json.loads(Path(schema_path).read_text())["provider_schemas"][PROVIDER]
    version = json.loads(Path(version_path).read_text())["provider_selections"][PROVIDER]
    parsed = json.loads(subprocess.run(["node", HERE / "hcl.js", "parse", *sorted(MODULE.glob("*.tf"))], check=True,
                                       capture_output=True).stdout)
    used = {kind: sorted({t for file in parsed.values() for t in file.get(kind, {})}) for kind in ("resource", "data")}
    found = {"provider": f"hashicorp/aws {version}"}
    for kind, schemas in (("resource", "resource_schemas"), ("data", "data_source_schemas")):
        found[kind] = {t: facts(schema[schemas][t]["block"]) for t in used[kind]}
    (HERE / "arguments.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
