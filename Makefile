.PHONY: help run test bench-ui lint format clean
.DEFAULT_GOAL := help
BIN := .venv/bin

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is needed, then serve on http://127.0.0.1:8050
	@PYTHON='$(PYTHON)' sh tools/setup.sh
	@exec $(BIN)/trustecg up

test: ## install what the tests need, then all checks and all tests
	@PYTHON='$(PYTHON)' sh tools/setup.sh dev
	@sh tools/chromium.sh
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest --ignore tests/browser --numprocesses auto --maxprocesses 4 --dist loadfile
	@$(BIN)/python -m pytest tests/browser # alone: what a hand does within a second is timed there

bench-ui: ## read 200 ECGs in Chromium, ask for colours, print how long a reader waits
	@PYTHON='$(PYTHON)' sh tools/setup.sh dev
	@sh tools/chromium.sh
	@$(BIN)/python -m tests.browser.bench_ui
	@$(BIN)/python -m tests.browser.bench_explain

lint: ## format, ruff, mypy and the direction of the imports
	@PYTHON='$(PYTHON)' sh tools/setup.sh dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: ## put the code into its format
	@PYTHON='$(PYTHON)' sh tools/setup.sh dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove the venv and the caches; instance/ stays
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
