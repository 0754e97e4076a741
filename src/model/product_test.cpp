#include "model/product.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace integrity::model {
namespace {

Product lamp() {
  Product product;
  product.id = *ProductId::parse("65a000000000000000000001");
  product.sku = "L-1";
  product.name = "Lamp \"Ada\"";
  product.description = "two\nlines";
  product.price = Money{1'299'000};
  product.currency = "EUR";
  product.stock = 5;
  product.version = 3;
  product.created_at = from_millis(1'700'000'000'123);
  product.updated_at = from_millis(1'700'000'001'000);
  return product;
}

TEST(ProductJson, HasTheMembersThatClientsSee) {
  std::string out = "[";
  append_json(out, lamp());
  EXPECT_EQ(out, R"([{"id":"65a000000000000000000001","sku":"L-1","name":"Lamp \"Ada\"",)"
                 R"("description":"two\nlines","price":129.90,"currency":"EUR","stock":5,"version":3,)"
                 R"("created_at":"2023-11-14T22:13:20.123Z","updated_at":"2023-11-14T22:13:21.000Z"})");
}

TEST(ProductJson, WritesNullForWhatIsNotThere) {
  Product product = lamp();
  product.sku.reset();
  product.description.reset();
  std::string out;
  append_json(out, product);
  const auto value = json::parse(out);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->find("sku")->kind, json::Value::Kind::null);
  EXPECT_EQ(value->find("description")->kind, json::Value::Kind::null);
}

}  // namespace
}  // namespace integrity::model
