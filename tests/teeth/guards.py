"""The guards: what stands in the code, what stands there without it, and the test that must then fail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """A cap, check, escape, lock or fsync that something bad would come through without."""

    about: str
    file: str
    text: str
    """As it stands in the file, once."""
    instead: str
    """What stands there when the guard is taken away; empty for nothing."""
    test: str
    """What pytest is to run: a file, or one test of it."""


ACCESS, KEYS = "tests/ui/test_http_access.py", "tests/ui/test_keys.py"
FETCH, OFFICE = "tests/index/load/test_fetch.py", "tests/index/load/test_office.py"
DOCX, UNPACK, SANDBOX = (f"tests/index/load/test_{name}.py" for name in ("docx", "unpack", "sandbox"))
WATCHING, PIPELINE = "tests/ui/test_watching.py", "tests/rag/test_pipeline.py"

GUARDS = (
    # who may come in
    Guard("hosts are checked", "ui/access.py", "            self._check_host(headers)\n", "", f"{ACCESS}::test_a_foreign_host_is_refused"),
    Guard("origins are checked", "ui/access.py", "            self._check_origin(scope[\"method\"], headers)\n", "", f"{ACCESS}::test_a_foreign_page_changes_nothing"),
    Guard("sites are checked", "ui/access.py", 'if site not in ("none", "same-origin") and not visits:', "if False:", f"{ACCESS}::test_a_foreign_page_changes_nothing"),
    Guard("listening elsewhere needs a key", "ui/access.py", "if not has_key and not is_loopback(host):", "if False:", f"{ACCESS}::test_only_loopback_needs_no_key"),
    Guard("few paths are open", "ui/access.py", 'OPEN_PATHS = ("/health", "/login")', 'OPEN_PATHS = ("/health", "/login", "/docs")', f"{ACCESS}::test_no_route_but_health_and_login_is_open"),
    Guard("the key is compared", "ui/keyring.py", "if hmac.compare_digest(key.digest, digest)]", "]", f"{ACCESS}::test_a_wrong_key_is_refused"),
    Guard("a cookie's signature is checked", "ui/keyring.py", " or not hmac.compare_digest(signature.encode(), _sign(key, body).encode())", "", f"{ACCESS}::test_cookies_end_and_belong_to_their_key"),
    Guard("cookies end", "ui/keyring.py", "if ends.isdecimal() and int(ends[:20]) > time.time() else None", "", f"{ACCESS}::test_cookies_end_and_belong_to_their_key"),
    Guard("guessing is slowed", "ui/keyring.py", "if len(recent) >= self._guesses:", "if False:", f"{ACCESS}::test_guessing_is_slowed"),
    Guard("a network's addresses count as one", "ui/keyring.py", "        client = _neighbourhood(client)\n", "", f"{KEYS}::test_guessing_from_many_addresses_of_one_network_is_slowed"),
    Guard("revoked keys are out", "ui/keyring.py", "if key.valid))", "))", f"{KEYS}::test_keys_come_and_go_while_the_server_runs"),
    Guard("once needed, a key stays needed", "ui/keyring.py", "        if not self._needed:\n", "        if True:\n", f"{KEYS}::test_the_first_key_closes_the_server_and_nothing_opens_it_again"),
    Guard("a damaged key file lets nobody in", "ui/keyring.py", " or (self._file is not None and self._file.path.exists())", "", f"{KEYS}::test_a_damaged_file_lets_nobody_in"),
    Guard("only a hash is kept", "ui/keys.py", "digest_of(words), now,", "words, now,", f"{KEYS}::test_a_key_is_shown_once_and_only_its_hash_is_kept"),
    Guard("the keys are their owner's", "ui/keys.py", "os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)", "os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)", f"{KEYS}::test_a_key_is_shown_once_and_only_its_hash_is_kept"),
    Guard("keys are changed by one at a time", "ui/keys.py", "            fcntl.flock(lock, fcntl.LOCK_EX)\n", "", "tests/teeth/test_durable.py::test_keys_are_changed_under_a_lock"),
    Guard("keys are on the disk before they are shown", "ui/keys.py", "                os.fsync(file.fileno())\n", "", "tests/teeth/test_durable.py::test_a_key_is_on_the_disk_before_it_is_shown"),
    Guard("a pace is kept", "ui/limits.py", "if len(sent) >= per_minute:", "if False:", f"{KEYS}::test_a_key_has_a_pace_of_its_own"),
    Guard("few callers are remembered", "ui/limits.py", "if len(self._sent) > MOST_CALLERS:", "if False:", f"{KEYS}::test_a_minute_passes_and_few_callers_are_remembered"),
    Guard("declared sizes are checked", "ui/access.py", "            _check_length(headers, limit)\n", "", f"{KEYS}::test_a_declared_size_is_refused_before_anything_is_sent"),
    Guard("bodies are counted while they come", "ui/access.py", "            if read > limit:\n", "            if False:\n", "tests/ui/test_http_documents.py::test_a_body_over_the_limit_is_refused_while_it_is_read"),
    Guard("who has no key sends little", "ui/access.py", "            limit = OPEN_BODY\n", "            pass\n", f"{ACCESS}::test_who_has_shown_no_key_sends_little"),
    Guard("logins lead nowhere else", "ui/login.py", 'and not address.startswith(("//", "/\\\\"))', "", f"{ACCESS}::test_logging_in_leads_nowhere_else"),
    Guard("the login form escapes", "ui/login.py", 'value="{escape(onward)}"', 'value="{onward}"', f"{ACCESS}::test_the_form_escapes_where_it_leads"),
    Guard("request ids are harmless", "ui/access.py", "return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)", "return given or secrets.token_hex(8)", f"{WATCHING}::test_every_answer_has_a_request_id"),
    # what is told
    Guard("errors' words stay out of the log", "ui/logs.py", "said = discreet.hide(str(error)) if contents else HIDDEN", "said = discreet.hide(str(error))", f"{WATCHING}::test_a_trace_has_no_words_of_people"),
    Guard("keys stay out of the log", "ui/logs.py", 'text = text.replace(secret, "***")', "pass", f"{WATCHING}::test_the_log_is_json_with_ids_and_holds_words_only_on_wish"),
    Guard("routes are named by their patterns", "ui/access.py", 'return str(getattr(scope.get("route"), "path", None) or "page")', 'return str(scope["path"])', f"{WATCHING}::test_figures_need_the_key_and_hold_no_words"),
    Guard("no trace is shown", "ui/api/errors.py", 'ProgrammingError("Something inside Dossier failed.", "The', 'ProgrammingError(str(error), "The', "tests/ui/test_http_asking.py::test_an_unforeseen_error_shows_no_trace"),
    Guard("traces tell errors by their kind", "ui/traces.py", "_end(span, type(error).__name__)", "_end(span, str(error))", "tests/ui/test_traces.py::test_what_breaks_off_is_told_by_its_kind_alone"),
    Guard("traces name routes by their patterns", "ui/traces.py", 'span.update_name(f"{method} {exchange.route}")', 'span.update_name(f"{exchange.method} {exchange.route}")', "tests/ui/test_traces.py::test_requests_answers_and_adding_are_told_by_where_their_time_went"),
    # what is fetched
    Guard("private addresses are refused", "index/load/network.py", "            if not self._allows(address):\n", "            if False:\n", f"{FETCH}::test_a_private_address_is_refused_at_the_first_and_at_every_later_hop"),
    Guard("addresses inside addresses are private", "index/load/network.py", "if known.version == 6 and (known.is_site_local or any(known in tunnel for tunnel in _TUNNELS)):", "if False:", f"{FETCH}::test_what_is_not_public"),
    Guard("redirects are counted", "index/load/fetch.py", "if hops > _MOST_REDIRECTS:", "if hops > 50:", f"{FETCH}::test_redirects_are_counted"),
    Guard("redirects are checked", "index/load/fetch.py", "url = _checked(str(_joined(url, target)))", "url = _joined(url, target)", f"{FETCH}::test_redirects_to_other_kinds_of_addresses"),
    Guard("fetched bodies are cut", "index/load/fetch.py", "        if size > limit:\n", "        if size > 50 * limit:\n", f"{FETCH}::test_endless_and_packed_bodies_are_cut"),
    Guard("fetched bodies are unpacked in small pieces", "index/load/fetch.py", "for piece in _unpacked(answer):", "for piece in answer.iter_bytes():", "tests/hostile/test_servers.py"),
    Guard("every wait ends at the deadline", "index/load/network.py", "return self._stream.read(max_bytes, _left(self._deadline))", "return self._stream.read(max_bytes, 5)", f"{FETCH}::test_a_trickle_of_bytes_gains_no_time"),
    Guard("no proxy is asked", "index/load/fetch.py", "transport=transport, trust_env=False, ", "", f"{FETCH}::test_a_proxy_of_the_environment_is_not_asked"),
    # what is read
    Guard("packages that unpack to too much", "index/load/package.py", "if unpacked > _LARGEST_TOTAL or largest > _LARGEST_PART or unpacked > max(_SMALL, _TIGHTEST * packed):", "if False:", f"{OFFICE}::test_bombs_are_refused_before_they_unpack"),
    Guard("XML that declares entities", "index/load/package.py", "    if _DECLARATION.search(plain):\n", "    if False:\n", f"{OFFICE}::test_entities_are_never_expanded"),
    Guard("parts that overlap", "index/load/package.py", "        if entry.header_offset < end:\n", "        if False:\n", f"{DOCX}::test_bad_packages_say_why"),
    Guard("parts that are there twice", "index/load/package.py", "if len({entry.filename for entry in entries}) < len(entries):", "if False:", f"{UNPACK}::test_harmful_archives_are_refused_whole"),
    Guard("feeds that declare a type", "index/load/feed.py", "forbid_dtd=True", "forbid_dtd=False", "tests/index/load/test_feed.py::test_feeds_that_are_refused"),
    Guard("the parser reaches nothing", "index/load/child.py", "    sys.addaudithook(_refuse)\n", "", f"{SANDBOX}::test_the_child_reaches_nothing"),
    Guard("the parser's time is limited", "index/load/child.py", "    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))\n", "", "tests/teeth/test_durable.py::test_a_parser_has_limits"),
    Guard("the parser's memory is limited", "index/load/child.py", "    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))\n", "", "tests/teeth/test_durable.py::test_a_parser_has_limits"),
    Guard("questions pass while Chroma is written", "index/keep_vectors.py", "                _let_pass(len(part.keys))\n", "", "tests/index/test_indexes.py::test_questions_pass_between_small_writes_of_chroma"),
    Guard("no question waits for Chroma's writing", "index/keep_vectors.py", "self._using.acquire(timeout=BUSY_SECONDS)", "self._using.acquire()", "tests/index/test_indexes.py::test_a_long_write_of_chroma_keeps_no_question_waiting"),
    Guard("the parser runs nothing that lies about", "index/load/sandbox.py", '"-B", "-P", "-S", "-c"', '"-B", "-S", "-c"', "tests/hostile/test_working_folder.py"),
    Guard("the probe runs nothing that lies about", "index/vectors.py", '"-P", "-m", "index.vectors"', '"-m", "index.vectors"', "tests/hostile/test_working_folder.py"),
    Guard("a child that keeps one waiting is ended", "index/load/pipes.py", "while (left := self._until - time.monotonic()) > 0:", "while (left := 60.0) > 0:", f"{SANDBOX}::test_a_child_that_keeps_one_waiting_is_ended_in_its_time"),
    Guard("the parser knows no keys", "index/load/sandbox.py", 'env={key: os.environ[key] for key in _ENVIRONMENT if key in os.environ} | _ALWAYS,', "env=dict(os.environ),", f"{SANDBOX}::test_the_child_sees_no_keys"),
    Guard("links stay inside", "index/load/files.py", "    if not target.is_relative_to(root):\n", "    if False:\n", "tests/index/load/test_files.py::test_links_stay_inside_the_folder"),
    Guard("files have a largest size", "index/load/files.py", "    if size > limit:\n", "    if False:\n", "tests/index/load/test_files.py::test_the_limit_holds_by_size_and_while_reading"),
    Guard("names hold no dots that lead up", "ui/api/uploads.py", 'if part not in ("", ".", ".."))[-500:]', ")[-500:]", "tests/ui/test_http_documents.py::test_names_become_labels"),
    # what is kept
    Guard("one owner of a data folder", "index/owner.py", "            lock.acquire()\n", "            pass\n", "tests/index/test_owner.py::test_the_same_process_is_refused_too"),
    Guard("an original is on the disk before it is acknowledged", "index/library/originals.py", "                    os.fsync(file.fileno())\n", "                    pass\n", "tests/teeth/test_durable.py::test_an_original_is_on_the_disk_before_it_is_acknowledged"),
    Guard("a newer library is refused", "index/library/schema.py", "    if version > len(MIGRATIONS):\n", "    if False:\n", "tests/released/test_released.py::test_a_library_of_a_newer_version_is_refused_with_the_way_back_and_left_as_it_is"),
    Guard("commits are on the disk", "index/library/database.py", 'self._writer.execute("PRAGMA synchronous = FULL")', 'self._writer.execute("PRAGMA synchronous = OFF")', "tests/index/test_library.py::test_the_log_is_durable_and_keys_are_watched"),
    Guard("what an index lacks is searched beside it", "index/keep_vectors.py", " + [key for key, _ in since.fresh.nearest(query, limit)]", "", "tests/index/test_chroma_server.py::test_what_was_just_added_or_removed_is_searched_beside_the_index"),
    Guard("a second writer is noticed", "index/vectors_served.py", "if (found := self._seq(self._name)) != before:", "if (found := self._seq(self._name)) is None:", "tests/index/test_chroma_server.py::test_a_second_writer_is_noticed"),
    Guard("rounding loses none of the best", "index/scan.py", "_last_of_best(scores, limit) - SLACK", "_last_of_best(scores, limit)", "tests/contracts/test_vectors.py::test_the_first_passes_lose_none_of_the_best"),
    Guard("a logit belongs to question and text", "rag/rerank.py", "[0]), question, text\n", "[0]), question\n", "tests/rag/test_rerank.py::test_a_pair_that_was_scored_lately_is_not_scored_again"),
    # what is answered and shown
    Guard("quotes are compared with the text", "rag/verify/quotes.py", "        if stored != window.text or draft.text not in stored:\n", "        if False:\n", "tests/rag/test_verify.py"),
    Guard("what the rules cannot judge is unchecked", "rag/verify/statements.py", "        if language_of(draft.text) and draft.text.rstrip(\".\") not in best.evidence.text:\n", "        if False:\n", "tests/rag/test_verify.py::test_what_the_rules_cannot_judge_is_unchecked"),
    Guard("a model brings nothing into a follow-up", "rag/writing.py", "return rewritten if keeps_to(rewritten, ask.question, ask.history) else None", "return rewritten", "tests/rag/test_writing.py::test_a_model_makes_follow_ups_stand_alone_and_the_rules_where_it_fails"),
    Guard("what there is no time to check is unchecked", "rag/writing.py", "if self._verifier is None or not self._written.budget.left:", "if self._verifier is None:", "tests/rag/test_writing.py::test_what_there_is_no_time_to_check_is_unchecked"),
    Guard("what is removed meanwhile is not cited", "rag/pipeline.py", "return tuple(hit for hit in hits if there[hit.document.id])", "return tuple(hits)", f"{PIPELINE}::test_what_is_removed_meanwhile_is_never_cited"),
    Guard("questions have a longest length", "rag/pipeline.py", "    if len(text) > LONGEST_QUESTION:\n", "    if False:\n", f"{PIPELINE}::test_what_is_no_question_is_refused"),
    Guard("metadata makes no markers", "rag/cite.py", '_SAFE = str.maketrans("[]<>`*|［］【】〔〕", "()‹›\'·/()()()")', '_SAFE = str.maketrans("", "")', "tests/rag/test_cite.py"),
    Guard("what says nothing by itself follows what it points to", "rag/verify/pointing.py", "    if _POINTS_BACK.match(statement):\n        return DANGLES\n", "", "tests/rag/test_pointing.py"),
    Guard("whom a statement is about is plain", "rag/verify/pointing.py", 'return "" if all(_speaks_of(text, asked) for text in texts) else UNNAMED', 'return ""', "tests/rag/test_pointing.py"),
    Guard("what is beside the point is left out", "rag/writing.py", 'checked.support == "supported" and self._answers(checked)', 'checked.support == "supported"', "tests/rag/test_writing.py::test_what_is_proved_but_beside_the_point_is_left_out"),
    Guard("the best quote stands beside what a model wrote", "rag/pipeline.py", "return [Draft(rest.text, (rest,))] if rest else []", "return []", "tests/rag/test_writing.py::test_the_best_quote_is_given_where_the_model_cites_another"),
    Guard("who does what to whom is checked", "rag/verify/statements.py", 'values["roles"] = float(not roles_agree(statement, evidence, context))', 'values["roles"] = 0.0', "tests/rag/test_traps.py"),
    Guard("reported speech stays reported", "rag/verify/statements.py", 'values["speech"] = float(not stays_reported(statement, focus))', 'values["speech"] = 0.0', "tests/rag/test_traps.py"),
    Guard("bounds stay", "rag/verify/qualified.py", "    _bounds_stay,\n", "", "tests/rag/test_traps.py"),
    Guard("about stays", "rag/verify/qualified.py", "    _round_stays,\n", "", "tests/rag/test_traps.py"),
    Guard("a choice stays a choice", "rag/verify/qualified.py", "    _choice_stays,\n", "", "tests/rag/test_traps.py"),
    Guard("limits stay", "rag/verify/qualified.py", "    _limits_stay,\n", "", "tests/rag/test_traps.py"),
    Guard("what came later stays later", "rag/verify/qualified.py", "    _time_stays,\n", "", "tests/rag/test_traps.py"),
    Guard("who says so is not who did so", "rag/verify/roles.py", "turning = _TURNING | _REPORTING | {DENIAL}", "turning = _TURNING | {DENIAL}", "tests/rag/test_traps.py"),
    Guard("memory is blank before Chroma writes of it", "index/memory.py", "set_to(_PERTURB, 0x55 if _blanking else 0)", "set_to(_PERTURB, 0)", "tests/index/test_tending.py::test_what_was_in_memory_is_not_in_the_gaps_of_an_index"),
    Guard("the page escapes", "ui/page/markup.py", "html.escape(str(text), quote=True)", "str(text)", "tests/ui/test_page_parts.py::test_no_text_leaves_its_block_or_its_attribute"),
    Guard("shown answers are escaped", "ui/show.py", "return escape(visible(text, keep_breaks=True), quote=True)", "return visible(text, keep_breaks=True)", "tests/ui/test_show.py::test_html_has_only_our_tags_and_attributes"),
    Guard("the queue is bounded", "ui/service.py", "if len(self._running) >= self._room:", "if False:", "tests/ui/test_http_asking.py::test_a_full_queue_asks_to_come_back"),
    Guard("the strictest policy", "ui/headers.py", "return f\"default-src 'none'; sandbox; {common}\"", 'return ""', f"{ACCESS}::test_every_answer_has_the_headers"),
)  # fmt: skip
