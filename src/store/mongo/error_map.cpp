#include "store/mongo/error_map.hpp"

#include <string>

namespace integrity::store::mongo {
namespace {

constexpr std::uint32_t kAuthenticationFailed = 18;

// The server's own codes; their names are those of its error_codes.yml.
Kind kind_of_server_code(std::uint32_t code) {
  switch (code) {
    case 11000:  // DuplicateKey
    case 11001:  // the same from an update, by old servers
    case 12582:
      return Kind::duplicate;
    case 24:   // LockTimeout
    case 46:   // LockBusy
    case 112:  // WriteConflict
    case 225:  // TransactionTooOld
    case 239:  // SnapshotTooOld
    case 246:  // SnapshotUnavailable
    case 251:  // NoSuchTransaction
    case 290:  // TransactionExceededLifetimeLimitSeconds
    case 388:  // TransactionTooLargeForCache
      return Kind::conflict;
    case 50:  // MaxTimeMSExpired
      return Kind::out_of_time;
    case 6:  // HostUnreachable
    case 7:  // HostNotFound
    case kAuthenticationFailed:
    case 43:     // CursorNotFound: the server has been restarted
    case 64:     // WriteConcernFailed: too few members answered in time
    case 89:     // NetworkTimeout
    case 91:     // ShutdownInProgress
    case 133:    // FailedToSatisfyReadPreference
    case 134:    // ReadConcernMajorityNotAvailableYet
    case 136:    // CappedPositionLost
    case 175:    // QueryPlanKilled
    case 189:    // PrimarySteppedDown
    case 202:    // NetworkInterfaceExceededTimeLimit
    case 203:    // CallbackCanceled
    case 211:    // KeyNotFound: the key that signs cluster times, on a primary that has just been elected
    case 237:    // CursorKilled
    case 262:    // ExceededTimeLimit
    case 279:    // ClientMarkedKilled
    case 317:    // ConnectionPoolExpired
    case 365:    // TemporarilyUnavailable
    case 9001:   // SocketException
    case 10058:  // LegacyNotPrimary
    case 10107:  // NotWritablePrimary
    case 11600:  // InterruptedAtShutdown
    case 11601:  // Interrupted
    case 11602:  // InterruptedDueToReplStateChange
    case 13435:  // NotPrimaryNoSecondaryOk
    case 13436:  // NotPrimaryOrSecondary
    case 14031:  // OutOfDiskSpace
      return Kind::away;
    default:
      return Kind::broken;
  }
}

bool is_about_authentication(const bson_error_t& error) {
  if (error.domain == MONGOC_ERROR_CLIENT) return error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE;
  return error.domain == MONGOC_ERROR_SERVER && error.code == kAuthenticationFailed;
}

}  // namespace

// Both count: the domain says little (the same code comes in three domains), and only labels are a server's promise
// about a transaction.
Kind kind_of(const bson_error_t& error, const bson_t* reply) {
  const auto labelled = [&](const char* label) { return reply != nullptr && mongoc_error_has_label(reply, label); };
  if (labelled("UnknownTransactionCommitResult")) return Kind::unknown_commit;
  switch (error.domain) {
    case MONGOC_ERROR_STREAM:
    case MONGOC_ERROR_PROTOCOL:
    case MONGOC_ERROR_SERVER_SELECTION:
    case MONGOC_ERROR_POOL:
    case MONGOC_ERROR_SASL:
    case MONGOC_ERROR_SCRAM:
      return Kind::away;
    case MONGOC_ERROR_CLIENT:
      return error.code == MONGOC_ERROR_CLIENT_SESSION_FAILURE || error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE ||
                     error.code == MONGOC_ERROR_CLIENT_NOT_READY
                 ? Kind::away
                 : Kind::broken;
    case MONGOC_ERROR_WRITE_CONCERN:
      return Kind::away;
    case MONGOC_ERROR_SERVER:
    case MONGOC_ERROR_QUERY:
    case MONGOC_ERROR_COMMAND:
    case MONGOC_ERROR_COLLECTION:
      break;
    default:
      return Kind::broken;
  }
  const Kind kind = kind_of_server_code(error.code);
  if (kind == Kind::broken && labelled("TransientTransactionError")) return Kind::conflict;
  return kind;
}

void raise(const bson_error_t& error, const bson_t* reply) {
  std::string what = std::string("mongodb: ") + error.message + " (" + std::to_string(error.domain) + "/" +
                     std::to_string(error.code) + ")";
  if (is_about_authentication(error)) {
    what +=
        ". If user and password are right, name the database that the user was made in: authSource=admin, after the "
        "`?` of the address";
  }
  switch (const Kind kind = kind_of(error, reply)) {
    case Kind::away:
    case Kind::conflict:
    case Kind::unknown_commit:
    case Kind::out_of_time:
      throw Trouble(kind, what);
    case Kind::duplicate:
      throw Duplicate(what);
    case Kind::broken:
      throw Broken(what);
  }
  throw Broken(what);
}

}  // namespace integrity::store::mongo
