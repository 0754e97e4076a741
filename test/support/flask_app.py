"""A server as in tutorials: Flask, MongoDB, bcrypt, pyotp. `integrity import-flask` reads its database. It runs in a
virtual environment of its own (flask.txt):

    flask_app.py mongodb://HOST/DATABASE < calls      reads a JSON list of [method, path, body], prints one of [status, body]

For tests: FlaskApp(uri).call("POST", "/signup", {…})."""

import json
import pathlib
import subprocess
import sys


class FlaskApp:
    def __init__(self, uri: str):
        from support import pypi
        self.uri = uri
        self._python = pypi.installed(pathlib.Path(__file__).with_name("flask.txt")) / "bin/python"

    def calls(self, *calls) -> list:
        # -P: the http.py in this folder must not hide Python's.
        done = subprocess.run([self._python, "-P", __file__, self.uri], input=json.dumps(calls), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        assert all(status < 300 for status, _ in answers), answers
        return [body for _, body in answers]


def make_app(uri: str):
    import datetime

    import bcrypt
    import pymongo
    import pyotp
    from bson import ObjectId
    from flask import Flask, jsonify, request

    app = Flask(__name__)
    db = pymongo.MongoClient(uri).get_default_database()

    @app.post("/signup")
    def signup():
        data = request.get_json()
        if db.users.find_one({"username": data["username"]}):
            return jsonify({"message": "User already exists"}), 400
        hashed = bcrypt.hashpw(data["password"].encode("utf-8"), bcrypt.gensalt(rounds=data.get("rounds", 12)))
        db.users.insert_one({"name": data["name"], "username": data["username"], "password": hashed,
                             "secret": pyotp.random_base32()})
        return jsonify({"message": "User created"}), 201

    @app.get("/qrcode/<username>")
    def qrcode(username):
        user = db.users.find_one({"username": username})
        uri = pyotp.TOTP(user["secret"]).provisioning_uri(name=username, issuer_name="Flask App")
        return jsonify({"uri": uri, "secret": user["secret"]})

    @app.post("/login")
    def login():
        data = request.get_json()
        user = db.users.find_one({"username": data["username"]})
        if user and bcrypt.checkpw(data["password"].encode("utf-8"), user["password"]):
            return jsonify({"message": "Password verified"})
        return jsonify({"message": "Invalid credentials"}), 401

    @app.post("/verify-2fa")
    def verify():
        data = request.get_json()
        user = db.users.find_one({"username": data["username"]})
        if pyotp.TOTP(user["secret"]).verify(data["otp"]):
            return jsonify({"message": "Logged in"})
        return jsonify({"message": "Invalid OTP"}), 401

    def shown(product):
        return {"_id": str(product["_id"]), "name": product["name"], "description": product["description"],
                "price": product["price"], "stock": product["stock"]}

    @app.post("/products")
    def add_product():
        data = request.get_json()
        made = {"name": data["name"], "description": data.get("description", ""), "price": float(data["price"]),
                "stock": int(data["stock"]), "created_at": datetime.datetime.now(datetime.timezone.utc)}
        return jsonify({"_id": str(db.products.insert_one(made).inserted_id)}), 201

    @app.get("/products")
    def products():
        return jsonify([shown(product) for product in db.products.find()])

    @app.put("/products/<pid>")
    def change_product(pid):
        db.products.update_one({"_id": ObjectId(pid)}, {"$set": request.get_json()})
        return jsonify({"message": "Product updated"})

    return app


if __name__ == "__main__":
    client = make_app(sys.argv[1]).test_client()
    answers = [client.open(path, method=method, json=body) for method, path, body in json.load(sys.stdin)]
    print(json.dumps([[answer.status_code, answer.get_json()] for answer in answers]))
