// Uses the client that oapi-codegen generates for Go. Arguments: URL, access token, prices.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"example.org/shop/integrity"
)

func main() {
	as := integrity.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Args[2])
		return nil
	})
	client, err := integrity.NewClientWithResponses(os.Args[1], as)
	check(err)
	for _, text := range os.Args[3:] {
		number, err := strconv.ParseFloat(text, 64)
		check(err)
		var asNumber, asText integrity.Price
		check(asNumber.FromPrice0(number))
		check(asText.FromPrice1(text))
		for _, price := range []integrity.Price{asNumber, asText} {
			body := integrity.ProductCreation{Name: "Lamp", Price: price, Stock: 9007199254740991}
			made, err := client.CreateProductWithResponse(context.Background(), nil, body)
			check(err)
			read, err := client.GetProductWithResponse(context.Background(), made.JSON201.Id, nil)
			check(err)
			fmt.Println(strconv.FormatFloat(read.JSON200.Price, 'f', -1, 64), read.JSON200.Stock)
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
