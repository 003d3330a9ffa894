import torch

from mmwsss.ops.refined_label import refined_label, refined_scores


def test_scores_are_resized_to_the_image():
    image, scores = torch.rand(3, 12, 16), torch.rand(2, 3, 4)
    full = torch.nn.functional.interpolate(scores[None], (12, 16), mode='bilinear')[0]
    refined = refined_scores(image, scores, 3)
    assert refined.shape == (3, 12, 16)
    assert torch.equal(refined, refined_scores(image, full, 3))


def test_without_classes_all_is_background():
    refined = refined_scores(torch.rand(3, 6, 8), torch.zeros(0, 2, 2), 5)
    torch.testing.assert_close(refined, torch.full((1, 6, 8), 1.01**5))
    assert (refined_label(refined, torch.zeros(0, dtype=torch.long)) == 0).all()


def test_names_of_classes():
    refined = torch.tensor([[[0.1, 0.5, 0.2]], [[0.9, 0.5, 0.1]], [[0.2, 0.1, 0.7]]])
    assert refined_label(refined, torch.tensor([4, 7])).tolist() == [[5, 0, 8]]
