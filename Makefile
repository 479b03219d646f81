# Each target is one verb; the work is done by scripts/project.py, which Windows uses as well.
PYTHON ?= python3
PROJECT = $(PYTHON) scripts/project.py

.DEFAULT_GOAL := help
.PHONY: run demo test torture audit sbom lint types texts help

run: ## set everything up, then start the web application; ARGS="--lan" for the local network
	@exec $(PROJECT) run $(ARGS)

demo: ## set everything up, then show the main job in the terminal
	@$(PROJECT) demo $(ARGS)

test: ## set everything up, then run every test that this machine can run
	@$(PROJECT) test $(ARGS)

torture: ## the long attacks: kills, faults, hostile files, thieves; ARGS="--only kills --kills 20"
	@$(PROJECT) torture $(ARGS)

audit: ## look up known weaknesses of what is installed
	@$(PROJECT) audit $(ARGS)

sbom: ## write what Rollbook consists of to sbom.json (CycloneDX)
	@$(PROJECT) sbom $(ARGS)

lint: ## check style, security rules and who imports whom
	@$(PROJECT) lint

types: ## check types, strictly in domain and services
	@$(PROJECT) types

texts: ## bring the translations up to the source, and say what they lack
	@$(PROJECT) texts

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10
