import java.math.BigDecimal;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.ProductsApi;
import org.openapitools.client.model.Price;
import org.openapitools.client.model.ProductCreation;

/** With the client that openapi-generator makes for Java. Arguments: URL, access token, prices. */
public class Main {
  public static void main(String[] arguments) throws Exception {
    var client = new ApiClient();
    client.updateBaseUri(arguments[0]);
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + arguments[1]));
    var products = new ProductsApi(client);
    for (int i = 2; i < arguments.length; ++i) {
      for (Object each : new Object[] {Double.valueOf(arguments[i]), arguments[i]}) {
        var price = new Price();
        price.setActualInstance(each);
        var made = products.createProduct(
            new ProductCreation().name("Lamp").price(price).stock(9007199254740991L), null);
        var read = products.getProduct(made.getId(), null, null);
        System.out.println(new BigDecimal(read.getPrice().toString()).toPlainString() + " " + read.getStock());
      }
    }
  }
}
