#!/bin/sh
# Needs curl and oathtool. Usage: client.sh URL NAME [sign-up]
#
# Asks for the password and the code, or takes INTEGRITY_PASSWORD and makes the code of INTEGRITY_TOTP_SECRET. `sign-up`, once,
# opens the account and shows that secret, for an authenticator.
set -eu
[ $# -ge 2 ] || { echo 'Usage: client.sh URL NAME [sign-up]' >&2; exit 2; }
url=$1 name=$2 secret=${INTEGRITY_TOTP_SECRET:-}
send() {
  body=$(curl -sS --fail-with-body -H 'Content-Type: application/json' "$@") || { [ -z "$body" ] || echo "$body" >&2; exit 1; }
  printf '%s\n' "$body"
}
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
escaped() { printf %s "$1" | sed 's/[\\"]/\\&/g'; }

password=${INTEGRITY_PASSWORD:-}
if [ -z "$password" ]; then
  printf 'Password: ' >&2; stty -echo; read -r password; stty echo; echo >&2
fi
case ${3:-} in sign-up) first=/signup ;; *) first=/login ;; esac
step=$(printf '{"username":"%s","password":"%s"}' "$name" "$(escaped "$password")" | send "$url$first" -d @-)
challenge=$(echo "$step" | field challenge) qr=$(echo "$step" | field qr)
if [ -n "$qr" ]; then  # to be enrolled
  secret=$(send "$url$qr" -H "Authorization: Bearer $challenge" -H 'Accept: application/json' | field secret)
  echo "Secret for your authenticator: $secret"
fi
if [ -n "$secret" ]; then code=$(oathtool --totp --base32 "$secret"); else printf 'Code: ' >&2; read -r code; fi
step=$(send "$url/verify-2fa" -d "{\"challenge\":\"$challenge\",\"code\":\"$code\"}")
echo "$step" | sed -n 's/.*"recovery_codes":\[\([^]]*\)\].*/Recovery codes: \1/p'
token=$(echo "$step" | field access_token)  # for ten minutes; refresh_token, beside it, gets the next one
# Prices stay text here, so they stay exact.
send "$url/products" -H "Authorization: Bearer $token" -d '{"name":"Lamp","price":129.90,"stock":5}'
send "$url/products" -H "Authorization: Bearer $token"
