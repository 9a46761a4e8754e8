package grid_test

import (
	"fmt"
	"log"

	"unlearnguard/metrics"
	"unlearnguard/metrics/grid"
)

// One sample, a grey 8 x 8 image, beside nothing that could be recovered of it.
func ExampleTable_Draw() {
	picture, err := grid.Table{
		Title:   "Recovered from the model after",
		Columns: [][]string{{"digits#17"}},
		Rows: []grid.Row{
			{Title: "original", Cells: []grid.Cell{{Image: metrics.NewImage(1, 8, 8)}}},
			{Title: "nearest", Cells: []grid.Cell{{Caption: "none"}}},
		},
	}.Draw()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(picture.Bounds().Dx() >= 112, picture.Bounds().Dy() >= 2*112)
	// Output: true true
}
