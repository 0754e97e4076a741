#!/bin/sh
# Needs curl and oathtool. Usage: client.sh http://127.0.0.1:8080
set -eu
url=$1 name=shell-$$
send() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
challenge=$(send "$url/signup" -d "{\"username\":\"$name\",\"password\":\"correct horse battery\"}" | field challenge)
secret=$(send "$url/generate-2fa/$name" -H "Authorization: Bearer $challenge" -H 'Accept: application/json' | field secret)
code=$(oathtool --totp --base32 "$secret")
token=$(send "$url/verify-2fa" -d "{\"challenge\":\"$challenge\",\"code\":\"$code\"}" | field access_token)
send "$url/products" -H "Authorization: Bearer $token" -d '{"name":"Lamp","price":129.90,"stock":5}'; echo
send "$url/products" -H "Authorization: Bearer $token"; echo
