#!/usr/bin/env bash
# A client for Gamify with bash and curl. The site and the key come from the environment:
#
#   export GAMIFY_URL=https://play.example.com GAMIFY_KEY=…
#   echo '{"player":"alice","action":"coin_collected","amount":5}' | ./gamify.sh events     # one event a line
#   tail -f game.jsonl | ./gamify.sh events                                                 # on and on
#   ./gamify.sh score best-lap alice 61.25
#   ./gamify.sh top best-lap 10
#   ./gamify.sh place best-lap alice
#
# Events are sent when there are 500 of them or 5 seconds have passed. Each gets an id (unless it has one) and each batch
# an Idempotency-Key, so that whatever is sent again counts once. Answers are printed as they come, errors on stderr.
# `score` is for boards that keep the best or the last score; to one that adds up send events, which count once.
set -euo pipefail

: "${GAMIFY_URL:?the address of the site}" "${GAMIFY_KEY:?a key that staff made}"
BATCH=500 # events; the API takes up to 1,000
FLUSH_SECONDS=${GAMIFY_FLUSH_SECONDS:-5}
PAUSE=${GAMIFY_PAUSE:-0.5} # seconds before the second attempt, doubled for each one after it
ATTEMPTS=6
LARGE=1400 # bytes; what is longer is sent as gzip

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }

# call METHOD PATH [FILE [IDEMPOTENCY-KEY]]: prints the answer. Tries again where that may help: no connection, 429, 502,
# 503, 504, and 409 with Retry-After. The key goes through a file, so that `ps` does not show it.
call() {
  local method=$1 path=$2 body=${3:-} key=${4:-} attempt status after
  local options=(-sS --max-time 30 -X "$method" -H "Content-Type: application/json")
  printf 'header = "Authorization: Bearer %s"\n' "$GAMIFY_KEY" >"$folder/config"
  if [[ -n $key ]]; then options+=(-H "Idempotency-Key: $key"); fi
  if [[ -n $body ]] && (($(wc -c <"$body") > LARGE)); then
    gzip -c "$body" >"$folder/body.gz"
    body=$folder/body.gz
    options+=(-H "Content-Encoding: gzip")
  fi
  if [[ -n $body ]]; then options+=(--data-binary "@$body"); fi
  for ((attempt = 1; ; attempt++)); do
    : >"$folder/answer" >"$folder/headers"
    status=$(curl -K "$folder/config" "${options[@]}" -o "$folder/answer" -D "$folder/headers" -w '%{http_code}' \
      "${GAMIFY_URL%/}/api/v1$path") || status=000
    after=$(tr -d '\r' <"$folder/headers" | sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\)$/\1/p' | tail -n 1)
    case $status in
      2??) cat "$folder/answer"; echo; return 0 ;;
      000 | 429 | 502 | 503 | 504) ;;
      409) [[ -n $after ]] || break ;;
      *) break ;;
    esac
    ((attempt < ATTEMPTS)) || break
    # What the site asks for, and a random part of 2, 4, 8 … pauses, so that not all come back at once.
    sleep "$(awk -v after="${after:-0}" -v pause="$PAUSE" -v attempt="$attempt" -v seed="$RANDOM" 'BEGIN {
      srand(seed); most = pause * 2 ^ attempt; print after + rand() * (most < 30 ? most : 30) }')"
  done
  echo "gamify: $status $(cat "$folder/answer")" >&2
  return 1
}

lines=() # events that wait
run=$(uuid)
number=0 # of lines that were read

send() {
  ((${#lines[@]})) || return 0
  local all
  all=$(printf ',%s' "${lines[@]}")
  printf '{"events":[%s]}' "${all:1}" >"$folder/body"
  if ! call POST /events "$folder/body" "$run-$number"; then
    local unsent="gamify-unsent-$run.jsonl"
    printf '%s\n' "${lines[@]}" >"$unsent"
    echo "gamify: the events up to line $number are kept, with their ids, in $unsent. Later lines were not read." >&2
    exit 1
  fi
  lines=()
}

# Gives an event the id `<uuid of this run>-<line>` unless it has one.
keep() {
  local line=$1
  [[ $line =~ [^[:space:]] ]] || return 0
  [[ $line =~ \"id\"[[:space:]]*: ]] || line="{\"id\":\"$run-$number\",${line#*\{}"
  lines+=("$line")
}

events() {
  local line part="" due=$((SECONDS + FLUSH_SECONDS)) wait code
  while :; do
    wait=$((due - SECONDS))
    if ((wait < 1)); then wait=1; fi
    code=0
    IFS= read -r -t "$wait" line || code=$?
    part+=$line # the beginning of a line, where its end was not there in time
    if ((code == 0 || (code <= 128 && ${#part} > 0))); then
      number=$((number + 1))
      keep "$part"
      part=""
    fi
    if ((code > 0 && code <= 128)); then break; fi # the end of the input
    if ((${#lines[@]} >= BATCH || SECONDS >= due)); then
      send
      due=$((SECONDS + FLUSH_SECONDS))
    fi
  done
  send
}

case ${1:-} in
  events) events ;;
  score)
    printf '{"score":%s}' "${4:?events | score BOARD PLAYER SCORE}" >"$folder/body"
    call PUT "/leaderboards/$2/scores/$3" "$folder/body"
    ;;
  top) call GET "/leaderboards/${2:?top BOARD [ROWS]}?limit=${3:-10}" ;;
  place) call GET "/leaderboards/${2:?place BOARD PLAYER}/players/${3:?place BOARD PLAYER}" ;;
  *) echo "usage: gamify.sh events | score BOARD PLAYER SCORE | top BOARD [ROWS] | place BOARD PLAYER" >&2; exit 2 ;;
esac
