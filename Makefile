# Everything a person needs to run, test and measure Tropa. `make` alone lists the commands.
PY := .venv/bin/python
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help run demo-year test check bench ordeal pictures format lock clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: $(READY) ## run the bot: on Telegram with TELEGRAM_TOKEN, otherwise in the sandbox with a chat page
	@$(PY) -m tools.run

demo-year: $(READY) ## the same in the sandbox, with a year of counts to look at
	@$(PY) -m tools.demo_year

test: $(READY) check ## every check and every test; the long runs in their short form
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(READY) ## format, lint, strict types, import rules
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

ordeal: $(READY) ## the long runs at full length
	@$(PY) -m pytest -m ordeal --ordeal --timeout 5400

bench: $(READY) ## measure, each figure beside its floor; writes build/bench.json
	@$(PY) -m tests.benchmarks

pictures: $(READY) ## make the pictures in the documents anew
	@$(PY) -m tools.pictures

format: $(READY) ## put the code into shape
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock: $(READY) ## renew the locked dependencies
	@sh tools/lock.sh

clean: ## remove what was built
	rm -rf .venv build

$(READY): requirements.txt pyproject.toml tools/setup.sh
	@sh tools/setup.sh
	@touch $@
