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
# an Idempotency-Key, so an event that is sent again counts once. Answers are printed as they come, one a line, errors on
# stderr. The answer to a batch says in `unlocked` what players have earned, and in `skipped` which events, by their index
# in the batch, do not count for which boards: these need a `value` or an `amount` and the event has neither, or their
# periods at its time are final. To show what was earned:
#
#   … | ./gamify.sh events | jq -c '.unlocked[]'
#
# A bad event is dropped alone and written to stderr with the reason; the rest of its batch counts. Events that cannot be
# sent because the site cannot be reached or refuses the key go into a file for a later run of `events`; reading goes on.
# After such a run with exit code 0 the file can be deleted.
# The exit code is 1 if any event was dropped or kept in a file.
# `score` is for boards of the best or the last score; for one that adds up, send events, which count once.
set -euo pipefail
export LC_ALL=C # lengths are bytes

: "${GAMIFY_URL:?the address of the site}" "${GAMIFY_KEY:?a key that staff made}"
BATCH=500 # events; the API takes up to 1,000
MOST_BYTES=1048000 # of a batch; the API takes 1 MiB
FLUSH_SECONDS=${GAMIFY_FLUSH_SECONDS:-5}
PAUSE=${GAMIFY_PAUSE:-0.5} # seconds before the second attempt, doubled for each one after it
ATTEMPTS=6
LARGE=1400 # bytes; a longer body is sent as gzip

# What an event may look like: a JSON object of texts, numbers, true, false and null; not NaN, not two objects.
blank='[[:space:]]*'
text='"([^"\[:cntrl:]]|\\(["\/bfnrt]|u[0-9a-fA-F]{4}))*"'
number='-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?'
field="$text$blank:$blank($text|$number|true|false|null)"
event="^$blank\{$blank$field($blank,$blank$field)*$blank\}$blank\$"

lines=() # events that wait
size=0 # bytes of them
read_lines=0
failed=0
tries=$ATTEMPTS

folder=$(mktemp -d)
trap 'keep 0 ${#lines[@]}; rm -rf "$folder"' EXIT # also when a signal ends the program

uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }

# call METHOD PATH [FILE [IDEMPOTENCY-KEY]]: prints the answer; sets `status`. Tries again after a lost connection, 408,
# 425, 429, any 5xx, and 409 with Retry-After. The key goes through a file, so that `ps` does not show it.
call() {
  local method=$1 path=$2 body=${3:-} key=${4:-} attempt after
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
      2??)
        if [[ $(head -c 1 "$folder/answer") == "{" ]]; then cat "$folder/answer"; echo; return 0; fi
        ;; # else the log-in page of a Wi-Fi network, not the site
      000 | 408 | 425 | 429 | 5??) ;;
      409) [[ -n $after ]] || break ;;
      *) break ;;
    esac
    ((attempt < tries)) || break
    # The seconds that the site asks for, and a random part of 2, 4, 8 … pauses, so that not all come back at once.
    sleep "$(awk -v after="${after:-0}" -v pause="$PAUSE" -v attempt="$attempt" -v seed="$RANDOM" 'BEGIN {
      srand(seed); most = pause * 2 ^ attempt; print after + rand() * (most < 30 ? most : 30) }')"
  done
  return 1
}

encode() { # TEXT: as a part of a path
  local index byte
  for ((index = 0; index < ${#1}; index++)); do
    byte=${1:index:1}
    case $byte in
      [a-zA-Z0-9._~-]) printf %s "$byte" ;;
      *) printf '%%%02X' $(($(printf %d "'$byte") & 255)) ;;
    esac
  done
}

complain() { echo "gamify: $status $(cat "$folder/answer")" >&2; }

drop() { # REASON LINE
  echo "gamify: dropped: $1 $2" >&2
  failed=1
}

# keep FIRST COUNT: appends lines to the file of unsent events.
keep() {
  (($2)) || return 0
  local unsent="gamify-unsent-$run.jsonl"
  printf '%s\n' "${lines[@]:$1:$2}" >>"$unsent"
  echo "gamify: kept in $unsent, with their ids: $2 events. To send them and delete the file:" \
    "gamify.sh events <$unsent && rm $unsent" >&2
  failed=1
}

# deliver FIRST COUNT: sends lines; if the site refuses them, each half alone, until the bad events are found.
deliver() {
  local first=$1 count=$2 half=$(($2 / 2)) all rejected index
  all=$(printf ',%s' "${lines[@]:first:count}")
  printf '{"events":[%s]}' "${all:1}" >"$folder/body"
  if call POST /events "$folder/body" "$(uuid)"; then
    tries=$ATTEMPTS
    while IFS= read -r rejected; do
      index=${rejected#*:}
      drop "${rejected#*\"reason\":}" "${lines[first + ${index%%,*}]}"
    done < <(grep -oE "\"index\": *[0-9]+, *\"reason\": *$text" "$folder/answer")
  elif [[ $status != 400 && $status != 413 && $status != 422 ]]; then
    complain
    keep "$first" "$count"
    tries=1 # the next batch shows whether the site is back
  elif ((count > 1)); then
    deliver "$first" "$half"
    deliver $((first + half)) $((count - half))
  else
    drop "$status $(cat "$folder/answer")" "${lines[first]}"
  fi
}

send() {
  if ((${#lines[@]})); then deliver 0 ${#lines[@]}; fi
  lines=()
  size=0
}

# Takes a line as an event, with the id `<uuid of this run>-<number of the line>` unless it has one.
take() {
  local line=$1
  [[ $line =~ [^[:space:]] ]] || return 0
  [[ $line =~ \"id\"[[:space:]]*: ]] || line="{\"id\":\"$run-$read_lines\",${line#*\{}"
  if ((${#line} >= MOST_BYTES)); then
    drop "line $read_lines has ${#line} bytes; the API takes fewer than $MOST_BYTES:" "${line:0:200}…"
  elif [[ ! $line =~ $event ]]; then
    drop "line $read_lines is not a JSON object of texts and numbers:" "$1"
  else
    if ((size + ${#line} + 1 > MOST_BYTES)); then send; fi
    lines+=("$line")
    size=$((size + ${#line} + 1))
  fi
}

events() {
  local line part="" due=$((SECONDS + FLUSH_SECONDS)) wait code
  while :; do
    wait=$((due - SECONDS))
    if ((wait < 1)); then wait=1; fi
    code=0
    IFS= read -r -t "$wait" line || code=$?
    part+=$line # the beginning of a line, if its end was not there in time
    if ((code == 0 || (code <= 128 && ${#part} > 0))); then
      read_lines=$((read_lines + 1))
      take "$part"
      part=""
    fi
    if ((code > 0 && code <= 128)); then break; fi # the end of the input
    if ((${#lines[@]} >= BATCH || SECONDS >= due)); then
      send
      due=$((SECONDS + FLUSH_SECONDS))
    fi
  done
  send
  exit "$failed"
}

run=$(uuid)
case ${1:-} in
  events) events ;;
  score)
    if [[ ! ${4:?score BOARD PLAYER SCORE} =~ ^$number$ ]]; then echo "gamify: $4 is not a number" >&2; exit 2; fi
    printf '{"score":%s}' "$4" >"$folder/body"
    call PUT "/leaderboards/$(encode "$2")/scores/$(encode "$3")" "$folder/body" || { complain; exit 1; }
    ;;
  top)
    board=$(encode "${2:?top BOARD [ROWS]}")
    call GET "/leaderboards/$board?limit=$(encode "${3:-10}")" || { complain; exit 1; }
    ;;
  place)
    board=$(encode "${2:?place BOARD PLAYER}")
    call GET "/leaderboards/$board/players/$(encode "${3:?place BOARD PLAYER}")" || { complain; exit 1; }
    ;;
  *) echo "usage: gamify.sh events | score BOARD PLAYER SCORE | top BOARD [ROWS] | place BOARD PLAYER" >&2; exit 2 ;;
esac
