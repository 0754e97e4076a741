#include "store/mongo/check.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "store/mongo/bulk_rows.hpp"
#include "store/mongo/handles.hpp"
#include "store/mongo/schema.hpp"

namespace integrity::store::mongo {
namespace {

constexpr std::string_view kOfIndex[] = {"key", "unique", "partialFilterExpression"};

std::string text_of(const Doc& doc) {
  const std::unique_ptr<char, decltype(&bson_free)> json(bson_as_canonical_extended_json(doc.get(), nullptr),
                                                         &bson_free);
  return json ? json.get() : "";
}

// Of the description of an index, what this program sets.
Doc of_index(const Doc& from) {
  Doc picked;
  bson_iter_t at;
  for (const auto& member : kOfIndex) {
    if (bson_iter_init_find_w_len(&at, from.get(), member.data(), static_cast<int>(member.size()))) {
      bson_append_iter(picked.get(), member.data(), static_cast<int>(member.size()), &at);
    }
  }
  return picked;
}

class MongoCheck final : public CheckSource {
 public:
  MongoCheck(const std::string& uri, const model::ProductText& text)
      : text_(text),
        pool_(uri, Pool::CommandTime::long_running),
        client_(pool_),
        now_(client_, Connection::Sees::majority),
        snapshot_(client_, Connection::Sees::one_state) {
    const auto schema = now_.first(in::meta, Doc("_id", "schema"));
    if (!schema) throw Unavailable(address() + ": there is no database here yet; see --store");
    refuse_newer(now_);
    if (is_older(now_)) {
      throw Unavailable(address() +
                        ": the database is of an older version. Start the server once: it brings it up to date");
    }
    const auto state = migration_state_of(now_);
    if (state && state->role == MigrationState::Role::target && state->closed()) {
      throw Unavailable(address() + ": " + why_closed(*state));
    }
    if (View(*schema).take<std::optional<int>>("text_version").value_or(0) != text.version) {
      throw Unavailable(address() +
                        ": the words of the products are not of this version. Start the server once: it "
                        "makes them again");
    }
  }

  std::size_t count(RowKind kind, CheckReport&) override {
    return with_type_of(kind, [this]<class T>(std::type_identity<T>) -> std::size_t {
      Array pipeline;
      pipeline.add(Doc("$match", Rows<T>::filter())).add(Doc("$count", "n"));
      return in_time([&]() -> std::size_t {
        Cursor found = snapshot_.aggregate(Rows<T>::collection, pipeline);
        return found.next() ? static_cast<std::size_t>(found.view().template take<std::int64_t>("n")) : 0;
      });
    });
  }

  bool read(RowKind kind, const std::function<void(const Row&)>& take, CheckReport& report) override {
    with_type_of(kind, [&]<class T>(std::type_identity<T>) { read<T>(kind, take, report); });
    return true;
  }

  std::optional<Watermark> watermark(CheckReport&) override {
    const auto head = in_time([&] { return snapshot_.first(in::meta, Doc("_id", "head")); });
    if (!head) return {};
    const View view(*head);
    return Watermark{view.take<Time>("time"), view.take<std::int64_t>("number"), view.take<std::int64_t>("place")};
  }

  void check_own(CheckReport& report) override {
    if (!now_.first(in::meta, Doc("_id", "head"))) {
      report.found("document meta/head", "is missing; docs/cluster.md says how to make it again");
    }
    std::map<std::string, Doc> validators = collections(report);
    for (const auto& wanted : descriptions()) {
      const std::string& name = wanted.name;
      const auto found = validators.find(name);
      if (found == validators.end()) {
        report.found("collection " + name, "is missing");
        continue;
      }
      if (!bson_equal(found->second.get(), wanted.validator.get())) {
        report.found("collection " + name, "has another validator than this program makes");
      }
      check_indexes(name, wanted.indexes, report);
    }
  }

 private:
  std::string address() const { return "mongodb://" + pool_.address() + "/" + pool_.database(); }

  // A snapshot that the server no longer has is nothing that a second try could bring back.
  template <class F>
  auto in_time(F read) -> decltype(read()) {
    try {
      return read();
    } catch (const Trouble& trouble) {
      if (trouble.kind != Kind::conflict) throw;  // SnapshotTooOld, SnapshotUnavailable
      throw Unavailable(address() +
                        ": MongoDB no longer has the state that the check began with. Stop the nodes meanwhile, or let "
                        "mongod keep states for longer: --setParameter minSnapshotHistoryWindowInSeconds=3600. " +
                        trouble.what());
    }
  }

  template <class T>
  void read(RowKind kind, const std::function<void(const Row&)>& take, CheckReport& report) {
    std::set<std::string> unreadable;
    in_time([&] {
      const Doc how("sort", Rows<T>::order(), "allowDiskUse", true);
      for (Cursor found = snapshot_.find(Rows<T>::collection, Rows<T>::filter(), how); found.next();) {
        std::optional<Row> row;
        try {
          row.emplace(Rows<T>::take(found.view()));
          check_derived(std::get<T>(*row), found.view(), report);
        } catch (const Unreadable& why) {
          unreadable.insert(why.id);
          report.found(about(kind, why.id.empty() ? "?" : why.id), std::string("cannot be read: ") + why.what());
          continue;
        }
        take(*row);
      }
    });
    const Doc misfits("$nor", Array().add(validator_of(Rows<T>::collection)));
    in_time([&] {
      for (Cursor found = snapshot_.find(Rows<T>::collection, misfits, Doc("projection", Doc("_id", 1)));
           found.next();) {
        const auto id = id_of(found.found());
        if (unreadable.contains(id)) continue;
        report.found(about(kind, id), "does not fit the validator of its collection");
      }
    });
  }

  static Doc validator_of(Name collection) {
    for (const auto& each : descriptions()) {
      if (each.name == collection.text) return each.validator;
    }
    throw Broken("a collection without a description");
  }

  // What a document has besides its row, for an index.
  template <class T>
  void check_derived(const T&, View, CheckReport&) {}
  void check_derived(const model::User& user, View view, CheckReport& report) {
    if (view.take<std::string>("username_key") != username_key(user.username)) {
      report.found(about(model::RecordKind::user, user.id.hex()), "is found by another username than it has");
    }
  }
  void check_derived(const model::Change& change, View view, CheckReport& report) {
    const bool listed = change.kind != model::RecordKind::product;
    if (view.has("listed") != listed || (listed && view.take<model::RecordKind>("listed") != change.kind)) {
      report.found("change " + std::to_string(change.number) + " of " + about(change.kind, change.record.hex()),
                   "is listed under another kind than it has");
    }
  }
  void check_derived(const SequencedProduct& row, View view, CheckReport& report) {
    const auto name = [&] { return about(model::RecordKind::product, row.product.id.hex()); };
    const auto broken = [](const std::optional<std::string>& text) { return text && !count_code_points(*text); };
    if (broken(row.product.name) || broken(row.product.description) || broken(row.product.sku)) {
      return report.found(name(), "cannot be read: a text is not UTF-8");
    }
    if (view.take<std::string>("name_key") != text_.sort_key(row.product.name)) {
      report.found(name(), "is sorted by a name that it does not have");
    }
    auto words = view.take<std::vector<std::string>>("words");
    std::sort(words.begin(), words.end());
    auto wanted = text_.words_of(row.product);
    std::sort(wanted.begin(), wanted.end());
    if (words != wanted) report.found(name(), "is in the word index with other words than its texts have");
  }

  // The validators of those that are this program's; reports the others.
  std::map<std::string, Doc> collections(CheckReport& report) {
    std::map<std::string, Doc> validators;
    if (const auto foreign = foreign_collection(now_)) {
      report.found("collection " + *foreign, "is not this program's");
    }
    const Doc reply = now_.ask(Doc("listCollections", 1));
    const auto cursor = View(reply).take<Doc>("cursor");
    for (const Doc& each : View(cursor).take<std::vector<Doc>>("firstBatch")) {
      const auto options = View(each).take<std::optional<Doc>>("options").value_or(Doc());
      validators[View(each).take<std::string>("name")] =
          View(options).take<std::optional<Doc>>("validator").value_or(Doc());
      const auto action = View(options).take<std::optional<std::string>>("validationAction").value_or("error");
      const auto level = View(options).take<std::optional<std::string>>("validationLevel").value_or("strict");
      if (action != "error" || level != "strict") {
        report.found("collection " + View(each).take<std::string>("name"),
                     "does not refuse what its validator refuses");
      }
    }
    return validators;
  }

  void check_indexes(const std::string& collection, const Array& described, CheckReport& report) {
    std::map<std::string, std::string> wanted;
    for (const Doc& each : documents_in(described)) {
      wanted[View(each).take<std::string>("name")] = text_of(of_index(each));
    }
    const Doc reply = now_.ask(Doc("listIndexes", std::string_view(collection)));
    const auto cursor = View(reply).take<Doc>("cursor");
    for (const Doc& each : View(cursor).take<std::vector<Doc>>("firstBatch")) {
      const auto name = View(each).take<std::string>("name");
      if (name == "_id_") continue;
      const auto known = wanted.find(name);
      if (known == wanted.end()) {
        report.found("index " + collection + "." + name, "is not this program's");
        continue;
      }
      if (known->second != text_of(of_index(each))) {
        report.found("index " + collection + "." + name, "is not as this program makes it");
      }
      wanted.erase(known);
    }
    for (const auto& [name, text] : wanted) report.found("index " + collection + "." + name, "is missing");
  }

  static std::vector<Doc> documents_in(const Array& array) {
    const Doc holder("all", array);
    return View(holder).take<std::vector<Doc>>("all");
  }

  const model::ProductText text_;
  Pool pool_;
  Client client_;
  Connection now_, snapshot_;
};

}  // namespace

std::unique_ptr<CheckSource> open_mongo_check(const std::string& uri, const model::ProductText& text) {
  return std::make_unique<MongoCheck>(uri, text);
}

}  // namespace integrity::store::mongo
