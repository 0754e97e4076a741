"""Products on Flask and MongoDB, as a developer would write them by hand. The address of the database and the secret of
the HS256 tokens come from MONGO_URI and SECRET. There is no history, search, version or second index."""

import os

import jwt
import pymongo
from bson import ObjectId
from bson.errors import InvalidId
from flask import Flask, abort, jsonify, request

FIELDS = {"name": str, "description": str, "price": (int, float), "stock": int}

app = Flask(__name__)
# An insert returns when it is in the journal on disk.
products = pymongo.MongoClient(os.environ["MONGO_URI"], w="majority", journal=True).bench.products


@app.before_request
def sign_in():
    try:
        jwt.decode(request.headers.get("Authorization", "").removeprefix("Bearer "), os.environ["SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        abort(401)


def shown(document: dict) -> dict:
    return {"id": str(document["_id"]), **{name: document[name] for name in FIELDS}}


@app.post("/products")
def create():
    content = {"description": "", **request.get_json()}
    if content.keys() != FIELDS.keys() or not all(isinstance(content[name], kind) for name, kind in FIELDS.items()):
        abort(422)
    products.insert_one(content)
    return jsonify(shown(content)), 201


@app.get("/products/<pid>")
def read(pid: str):
    try:
        document = products.find_one({"_id": ObjectId(pid)})
    except InvalidId:
        document = None
    return jsonify(shown(document)) if document else abort(404)
